/** Training from the command line: what it prints, and going on after Ctrl-C and after a kill. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { hasEngine } from '../has-engine.ts'
import { errorIn, espalier, workplace } from './harness.ts'
import { makeCifar } from './made-inputs.ts'

type Line = Record<string, unknown>
const parseLines = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line)
const weights = 74_800
const run = promisify(execFile)

function start(args: string[], cwd: string) {
  const program = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url))
  const child: ChildProcess = spawn(process.execPath, [program, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const text = { out: '', err: '' }
  child.stdout!.on('data', data => {
    text.out += data
  })
  child.stderr!.on('data', data => {
    text.err += data
  })
  const ended = new Promise<number | null>(resolve => child.once('close', status => resolve(status)))
  return { child, text, ended }
}

async function until(is: () => boolean): Promise<void> {
  for (let i = 0; i < 1500 && !is(); i++) await new Promise(resolve => setTimeout(resolve, 20))
  expect(is()).toBe(true)
}

/** Of POSIX: `ps` is on every Linux and macOS. */
async function childrenOf(parent: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid='])
  const rows = stdout.split('\n').map(line => line.trim().split(/ +/).map(Number))
  return rows.flatMap(([pid, of]) => (of === parent && pid !== undefined ? [pid] : []))
}

describe.skipIf(!hasEngine)('training in the terminal (needs the TensorFlow engine)', () => {
  it('prints the stable keys of train, recalibrate and pruning with training inside', async () => {
    const { writeRecipe, project, files } = workplace()
    const train = { epochs: 2, batch: 16, optimizer: { lr: 0.01 }, schedule: 'cosine' }
    const schedule = { kind: 'gradual', startEpoch: 0, endEpoch: 1 }
    const file = writeRecipe({
      data: { path: 'cifar', augment: 'crop-flip', validation: 0.2 },
      stages: [
        { use: 'train', ...train },
        { use: 'prune', sparsity: 0.5 },
        { use: 'recalibrate', batches: 1, batch: 16 },
        { use: 'prune', sparsity: 0.8, schedule, train },
        { use: 'evaluate' },
      ],
    })
    const { status, out } = await espalier('run', file, '--project', project, '--json')
    expect(status).toBe(0)
    const lines = parseLines(out)
    const head = ['run', 'seed', 'stage', 'use', 'seconds']
    const keys = ['trainableParams', 'epochs', 'kept', 'stoppedEarly']
    expect(Object.keys(lines[0]!).sort()).toEqual([...head, ...keys, 'disabledFeatures', 'zeros', 'weights'].sort())
    expect(lines[0]).toMatchObject({ use: 'train', trainableParams: 75_290, zeros: 0, weights })
    const epochs = lines[0]!['epochs'] as Line[]
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2])
    expect(Object.keys(epochs[0]!).sort()).toEqual(
      ['epoch', 'loss', 'trainTop1', 'valTop1', 'valLoss', 'learningRate', 'sparsity', 'seconds'].sort(),
    )
    expect(Object.keys(lines[2]!).sort()).toEqual([...head, 'batches', 'samples', 'shift', 'zeros', 'weights'].sort())
    expect(Object.keys(lines[3]!).sort()).toEqual(
      [...head, ...keys, 'zeros', 'weights', 'sparsity', 'layers', 'bytes', 'macs'].sort(),
    )
    expect(lines[3]).toMatchObject({ zeros: 0.8 * weights, sparsity: 0.8 })
    expect(lines[4]).toMatchObject({ use: 'evaluate', zeros: 0.8 * weights })
    // Nothing is left of the state that it kept while it trained.
    expect(files().filter(name => name.includes('state'))).toEqual([])

    const again = parseLines((await espalier('run', file, '--project', project, '--json')).out)
    expect(again.map(({ cached }) => cached)).toEqual([true, true, true, true, true])
    expect(again[0]!['epochs']).toEqual(epochs)
    // Of every curve all points, for other programs.
    const csv = (await espalier('curves', project)).out.trim().split('\r\n')
    expect(csv[0]).toBe('run,name,seed,stage,use,metric,step,value')
    expect(csv.filter(row => row.startsWith('1,Tiny,0,0,train,loss,'))).toHaveLength(4)
    const curves = parseLines((await espalier('curves', project, '2', '--json')).out)
    expect(curves.every(curve => curve['run'] === 2)).toBe(true)
    expect(curves.find(({ stage, metric }) => stage === 0 && metric === 'loss')!['steps']).toEqual([1, 2, 3, 4])
    expect(await espalier('curves', project, '9')).toMatchObject({
      status: 2,
      out: expect.not.stringContaining('Tiny'),
    })
    const text = await espalier('run', file, '--project', project)
    expect(text.out).toMatch(/epoch +loss +train top-1 +val top-1/)
  })

  it('goes on after Ctrl-C, after a kill of the whole and of the process that trains, and ends as one left alone', {
    timeout: 180_000,
  }, async () => {
    const place = workplace()
    makeCifar(join(place.folder, 'more'), { train: 300, test: 20 })
    const train = { use: 'train', epochs: 12, batch: 8, optimizer: { lr: 0.01 } }
    place.writeRecipe({
      data: { path: 'more', augment: 'crop-flip' },
      stages: [{ use: 'evaluate' }, train, { use: 'evaluate' }],
    })
    const whole = parseLines(
      (
        await espalier(
          'run',
          join(place.folder, 'recipe.json'),
          '--project',
          join(place.folder, 'whole.espalier'),
          '--json',
        )
      ).out,
    )

    const state = `${place.project}-state`
    const first = start(['run', 'recipe.json', '--project', place.project, '--json'], place.folder)
    await until(() => existsSync(state))
    first.child.kill('SIGINT')
    expect(await first.ended).toBe(130)
    expect(errorIn(first.text.err.trimEnd().split('\n').at(-1)!)).toMatchObject({
      code: 'run.stopped',
      hint: '"espalier resume 1" goes on with it.',
    })
    const second = start(['resume', '1', '--project', place.project, '--json'], place.folder)
    await until(() => second.text.err.includes('stage 2 of 3'))
    await new Promise(resolve => setTimeout(resolve, 300))
    second.child.kill('SIGKILL')
    await second.ended

    // Only the process that trains: the one that started it says so, and how to go on.
    const third = start(['resume', '1', '--project', place.project, '--json'], place.folder)
    await until(() => third.text.err.includes('stage 2 of 3'))
    const [worker] = await childrenOf(third.child.pid!)
    process.kill(worker!, 'SIGKILL')
    expect(await third.ended).toBe(1)
    expect(errorIn(third.text.err.trimEnd().split('\n').at(-1)!)).toMatchObject({ code: 'run.died' })

    const { status, out } = await espalier('resume', '1', '--project', place.project, '--json')
    expect(status).toBe(0)
    const lines = parseLines(out)
    expect(lines.map(({ run, use, cached }) => [run, use, cached])).toEqual([
      [1, 'evaluate', undefined],
      [1, 'train', undefined],
      [1, 'evaluate', undefined],
    ])
    const plain = (line: Line) => JSON.parse(JSON.stringify(line, (key, value) => (key === 'seconds' ? 0 : value)))
    expect(lines.map(plain)).toEqual(whole.map(plain))
    expect(existsSync(state)).toBe(false)
  })

  it('resume refuses what it cannot go on with', async () => {
    const { writeRecipe, project, folder } = workplace()
    await espalier('run', writeRecipe({ stages: [{ use: 'evaluate' }] }), '--project', project, '--json')
    for (const [args, code, words] of [
      [['1', '--project', project], 'not-allowed', 'Run 1 is finished.'],
      [['7', '--project', project], 'not-found', 'There is no run 7'],
      [['1', '--project', join(folder, 'absent.espalier')], 'file.missing', 'absent.espalier'],
    ] as const) {
      const { status, err, out } = await espalier('resume', ...args, '--json')
      expect([status, out]).toEqual([2, ''])
      expect(errorIn(err)).toMatchObject({ code, message: expect.stringContaining(words) })
    }
    expect(existsSync(join(folder, 'absent.espalier'))).toBe(false)
  })
})
