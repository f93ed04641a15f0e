/** `espalier run` with the real engine on small inputs that the tests make. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Comparison } from '../../src/shared/domain.ts'
import { hasEngine } from '../has-engine.ts'
import { errorIn, espalier, workplace } from './harness.ts'
import { makeCifar } from './made-inputs.ts'

type Line = Record<string, unknown> & { layers?: { name: string; weights: number; zeros: number }[] }

const parseLines = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line)

/** The command line in a process of its own. */
function start(args: string[], cwd: string) {
  const program = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url))
  const child = spawn(process.execPath, [program, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const text = { out: '', err: '' }
  child.stdout.on('data', data => {
    text.out += data
  })
  child.stderr.on('data', data => {
    text.err += data
  })
  const ended = new Promise<{ status: number | null; signal: string | null }>(resolve =>
    child.once('close', (status, signal) => resolve({ status, signal })),
  )
  return { child, text, ended }
}

async function until(is: () => boolean): Promise<void> {
  for (let i = 0; i < 1500 && !is(); i++) await new Promise(resolve => setTimeout(resolve, 20))
  expect(is()).toBe(true)
}

/** Engine processes of `parent`. */
async function childrenOf({ pid }: ChildProcess): Promise<number[]> {
  const { readFile } = await import('node:fs/promises')
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text.split(' ').filter(Boolean).map(Number)
}

const exists = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function compare(project: string): Promise<Comparison> {
  return JSON.parse((await espalier('compare', project, '--json')).out) as Comparison
}

describe.skipIf(!hasEngine)('espalier run (needs the TensorFlow engine)', () => {
  it('prints one JSON line per stage, in order, for each seed, and nothing else on standard output', async () => {
    const { writeRecipe, project, files } = workplace()
    const before = files()
    const { status, out, err } = await espalier('run', writeRecipe({ seeds: [3, 1] }), '--project', project, '--json')
    expect([status, err]).toEqual([0, expect.stringContaining('run 1, seed 3: stage 1 of 3, evaluate\n')])
    const lines = parseLines(out)
    expect(lines.map(({ run, seed, stage, use }) => [run, seed, stage, use])).toEqual([
      [1, 3, 0, 'evaluate'],
      [1, 3, 1, 'prune'],
      [1, 3, 2, 'evaluate'],
      [2, 1, 0, 'evaluate'],
      [2, 1, 1, 'prune'],
      [2, 1, 2, 'evaluate'],
    ])
    const [evaluated, pruned, after] = lines as [Line, Line, Line]
    const weights = 74_800
    expect(Object.keys(evaluated)).toEqual([
      'run',
      'seed',
      'stage',
      'use',
      'seconds',
      'correct',
      'total',
      'top1',
      'top5',
      'loss',
      'split',
      'zeros',
      'weights',
      'classes',
    ])
    expect(evaluated).toMatchObject({ total: 20, split: 'test', zeros: 0, weights })
    expect(evaluated['top1']).toBe((evaluated['correct'] as number) / 20)
    expect(Object.keys(pruned)).toEqual([
      'run',
      'seed',
      'stage',
      'use',
      'seconds',
      'zeros',
      'weights',
      'sparsity',
      'layers',
      'bytes',
      'macs',
    ])
    expect(pruned).toMatchObject({ zeros: weights / 2, weights, sparsity: 0.5 })
    expect(pruned.layers!.reduce((sum, { zeros }) => sum + zeros, 0)).toBe(weights / 2)
    expect(after).toMatchObject({ zeros: weights / 2, weights })
    expect(files()).toEqual([...before, 'project.espalier', 'recipe.json'].sort())
  })

  it('prints a stage that is taken over in full, with cached, and redoes it when told to', async () => {
    const { writeRecipe, project } = workplace()
    const run = async (...more: string[]) =>
      parseLines((await espalier('run', writeRecipe(), '--project', project, '--json', ...more)).out)
    const first = await run()
    const second = await run()
    const third = await run('--again')
    const numbers = (lines: Line[]) => lines.map(({ run: _, cached: __, seconds: ___, ...rest }) => rest)
    expect(second.map(({ cached }) => cached)).toEqual([true, true, true])
    expect(numbers(second)).toEqual(numbers(first))
    expect(second.map(({ seconds }) => seconds)).toEqual(first.map(({ seconds }) => seconds))
    expect(third.map(({ cached }) => cached)).toEqual([undefined, undefined, undefined])
    // The same identity gives the same numbers.
    expect(numbers(third)).toEqual(numbers(first))
  })

  it('goes on from the model after the stages that it takes over', async () => {
    const { writeRecipe, recipe, project } = workplace()
    await espalier('run', writeRecipe(), '--project', project)
    const stages = [...recipe.stages, { use: 'prune', allocation: 'uniform', sparsity: 0.75 }, { use: 'evaluate' }]
    const { out } = await espalier('run', writeRecipe({ stages }), '--project', project, '--json')
    const fresh = await espalier('run', writeRecipe({ stages }), '--project', project, '--json', '--again')
    const strip = (text: string) => parseLines(text).map(({ run: _, cached: __, seconds: ___, ...rest }) => rest)
    expect(parseLines(out).map(({ cached }) => cached ?? false)).toEqual([true, true, true, false, false])
    expect(strip(out)).toEqual(strip(fresh.out))
  })

  it('works one seed that is asked for, and says the rest in words', async () => {
    const { writeRecipe, project } = workplace()
    const { status, out } = await espalier('run', writeRecipe({ seeds: [0, 1] }), '--project', project, '--seed', '7')
    expect(status).toBe(0)
    expect(out).toMatch(/^run 1: Tiny, seed 7\n {2}1 evaluate, \d\.\d s\n {6}test: \d+ of 20 right, top-1 /)
    expect(out).toMatch(/\n {6}37,400 of 74,800 weights are zero \(50\.00 %\)\n/)
    expect(out).toMatch(/\n {8}conv1 +432 +\d+ +\d+\.\d\d %\n/)
    expect(out).not.toContain('run 2')
    const { runs, differing } = await compare(project)
    expect(runs).toHaveLength(1)
    expect(runs[0]).toMatchObject({
      state: 'finished',
      seed: 7,
      sparsity: 0.5,
      model: 'net.safetensors',
      data: 'cifar',
    })
    expect(differing).toEqual([])
    expect((await espalier('compare', project)).out).toMatch(/run +name +seed +state.*\n +1 +Tiny +7 +finished /)

    // Runs that have little in common: what differs stands below, a line a setting.
    const data = { path: 'cifar', normalize: 'half', validation: 0.2 }
    await espalier('run', writeRecipe({ data, stages: [{ use: 'evaluate' }] }), '--project', project)
    const { out: table } = await espalier('compare', project)
    expect(table).toMatch(/^run +name +seed +state +model +data +right.*\n/)
    expect(table).toMatch(/\n\nwhat differs +run 1 +run 2\n/)
    expect(table).toMatch(/\nPrune.*: sparsity +0\.5 +-\n/)
    // Of a stage that only one has, not what nobody set.
    expect(table).not.toMatch(/allocation|calibration|split/)
  })

  it('makes fresh weights where the recipe names an architecture only', async () => {
    const { writeRecipe, project } = workplace()
    const file = writeRecipe({ model: { architecture: 'resnet8-a' }, seeds: [0, 1] })
    const lines = parseLines((await espalier('run', file, '--project', project, '--json')).out)
    expect(lines[0]).toMatchObject({ weights: 74_800, zeros: 0 })
    expect(lines[0]!['loss']).not.toBe(lines[3]!['loss'])
  })

  it('a run that fails: the stages before it are printed, one sentence, status 1', async () => {
    const { writeRecipe, project } = workplace()
    const stages = [{ use: 'evaluate' }, { use: 'prune', sparsity: 0.5 }, { use: 'prune', sparsity: 0.5 }]
    const { status, out, err } = await espalier('run', writeRecipe({ stages }), '--project', project, '--json')
    expect(status).toBe(1)
    expect(parseLines(out).map(({ use }) => use)).toEqual(['evaluate', 'prune'])
    expect(errorIn(err.trimEnd().split('\n').at(-1)!)).toMatchObject({ code: 'prune.no-change' })
    expect((await compare(project)).runs[0]!.state).toBe('failed')
  })

  const few = { calibration: { images: 8 }, fractions: [0.5] }
  it.each([
    [
      'a budget out of reach, with the smallest that is not',
      { sparsity: 0.995 },
      'prune.infeasible',
      /the smallest that can is \d+/,
    ],
    [
      'a floor above its layer',
      { sparsity: 0.5, floors: { linear: 641 } },
      'prune.infeasible',
      /"linear" is to keep 641/,
    ],
    [
      'more calibration samples than there are',
      { sparsity: 0.5, calibration: { images: 100_000 } },
      'argument.invalid',
      /calibration\.images is 100000, and the data set has \d+ training samples/,
    ],
  ])('says %s, and exits with 2', async (_, stage, code, says) => {
    const { writeRecipe, project } = workplace()
    const stages = [{ use: 'prune', allocation: 'rate-distortion', ...few, ...stage }]
    const { status, out, err } = await espalier('run', writeRecipe({ stages }), '--project', project, '--json')
    expect([status, out]).toEqual([2, ''])
    const { message, ...error } = errorIn(err.trimEnd().split('\n').at(-1)!)
    expect(error.code).toBe(code)
    expect(message).toMatch(says)
  })

  it('names the project after the recipe, in the working directory', async () => {
    const { folder, writeRecipe, files } = workplace()
    writeRecipe({ name: 'A/B: 50 %?' })
    const { ended, text } = start(['run', 'recipe.json', '--json'], folder)
    expect(await ended).toEqual({ status: 0, signal: null })
    expect(parseLines(text.out)).toHaveLength(3)
    expect(files()).toContain('A-B- 50 %-.espalier')
  })

  it('two at the same time share a project', async () => {
    const { folder, writeRecipe, project } = workplace()
    writeRecipe()
    const both = [0, 1].map(seed => start(['run', 'recipe.json', '--project', project, '--seed', String(seed)], folder))
    expect((await Promise.all(both.map(({ ended }) => ended))).map(({ status }) => status)).toEqual([0, 0])
    const { runs } = await compare(project)
    expect(runs.map(({ number, state }) => [number, state])).toEqual([
      [1, 'finished'],
      [2, 'finished'],
    ])
  })

  /** Starts an evaluation that takes a good while and waits until it is under way. */
  async function startLong(place: ReturnType<typeof workplace>) {
    makeCifar(join(place.folder, 'many'), { train: 1, test: 9000 })
    place.writeRecipe({ data: { path: 'many' }, stages: [{ use: 'evaluate', batch: 1 }], seeds: [0, 1] })
    const long = start(['run', 'recipe.json', '--project', place.project, '--json'], place.folder)
    await until(() => long.text.err.includes('stage 1 of 1'))
    return long
  }

  it('Ctrl-C stops the run within a batch: status 130, the run is stopped, no process is left', async () => {
    const place = workplace()
    const { child, text, ended } = await startLong(place)
    const engines = await childrenOf(child)
    const at = Date.now()
    child.kill('SIGINT')
    expect(await ended).toEqual({ status: 130, signal: null })
    expect(Date.now() - at).toBeLessThan(8000)
    expect(text.out).toBe('')
    expect(errorIn(text.err.trimEnd().split('\n').at(-1)!).code).toBe('run.stopped')
    expect((await compare(place.project)).runs.map(({ state }) => state)).toEqual(['stopped', 'stopped'])
    await until(() => !engines.some(exists))
    expect(place.files()).toEqual(['cifar', 'many', 'net.safetensors', 'project.espalier', 'recipe.json'])
  })

  it('killed: what is shown afterwards is interrupted, also by who only looks, and its engine ends', async () => {
    const place = workplace()
    const { child, ended } = await startLong(place)
    const engines = await childrenOf(child)
    child.kill('SIGKILL')
    await ended
    expect((await compare(place.project)).runs.map(({ state }) => state)).toEqual(['interrupted', 'interrupted'])
    await until(() => !engines.some(exists))
  })
})

const shared = fileURLToPath(new URL('../../../shared/data', import.meta.url))

describe.skipIf(!hasEngine || !existsSync(shared))(
  'espalier run on real data (needs ../shared/data and the engine)',
  () => {
    it('ResNet-20 on the first 1,000 test images of CIFAR-10: dense, and half of all weights gone', async () => {
      const { writeRecipe, project } = workplace()
      const file = writeRecipe({
        model: { checkpoint: join(shared, 'checkpoints', 'resnet20-12fca82f.th') },
        data: { path: join(shared, 'cifar10-first1000') },
        stages: [{ use: 'evaluate' }, { use: 'prune', sparsity: 0.5 }, { use: 'evaluate' }],
      })
      const { status, out } = await espalier('run', file, '--project', project, '--json')
      expect(status).toBe(0)
      const [dense, pruned, after] = parseLines(out) as [Line, Line, Line]
      expect(dense).toMatchObject({ total: 1000, zeros: 0, weights: 268_336 })
      expect(Math.abs((dense['correct'] as number) - 915)).toBeLessThanOrEqual(2)
      expect(pruned).toMatchObject({ zeros: 134_168, weights: 268_336 })
      expect(after['correct']).toBeGreaterThan(890)
      const { runs } = await compare(project)
      expect(runs[0]).toMatchObject({ macs: 40_551_040, before: { correct: dense['correct'] } })
    })

    it('a real checkpoint that was cut anywhere is refused', async () => {
      const { writeRecipe, project, write, folder, files } = workplace()
      const bytes = readFileSync(join(shared, 'checkpoints', 'resnet20-12fca82f.th'))
      for (const share of [0.001, 0.3, 0.999]) {
        write('cut.th', bytes.subarray(0, Math.floor(bytes.length * share)))
        const file = writeRecipe({ model: { checkpoint: join(folder, 'cut.th') } })
        const { status, err } = await espalier('run', file, '--project', project, '--json')
        expect(status).toBe(2)
        expect(errorIn(err).message).toContain('cut.th')
      }
      expect(files()).not.toContain('project.espalier')
    })
  },
)
