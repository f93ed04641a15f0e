/**
 * Milliseconds a training step, ours beside stock tfjs-node and PyTorch: forward, loss, backward, SGD with momentum.
 * Every way is a process of its own; they take turns of a few steps, so that whatever else the machine does hits all of
 * them. From uint8 images in memory to loss and number of right answers. `-- step ID` measures one network only.
 */
import { fileURLToPath } from 'node:url'
import { type Conversation, talkTo } from './conversation.ts'
import { moduleVersion, noTorch, talkToPython } from './python.ts'
import type { Timing } from './step/worker.ts'

const cases = [
  { id: 'resnet20-a', batch: 128 },
  { id: 'resnet18-cifar', batch: 32 },
  { id: 'mobilenet-v1-cifar', batch: 32 },
]
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 10)
const stepsATurn = 4

interface Way {
  readonly name: string
  readonly start: () => Promise<Conversation>
  /** Steps of a turn; a slow way has fewer. */
  readonly steps?: number
}

const node = (script: string, args: readonly string[]) =>
  talkTo(process.execPath, fileURLToPath(new URL(`step/${script}`, import.meta.url)), args)
const say = (line: string) => process.stdout.write(`${line}\n`)

const waysOf = (id: string, batch: string, hasTorch: boolean): Way[] => [
  { name: 'Espalier f32', start: () => node('ours.ts', [id, batch, 'f32']) },
  { name: 'Espalier bf16', start: () => node('ours.ts', [id, batch, 'bf16']) },
  { name: 'tfjs-node LayersModel', start: () => node('stock.ts', [id, batch]), steps: 1 },
  ...(hasTorch ? (['f32', 'bf16'] as const) : []).flatMap(precision =>
    ['contiguous', 'channels-last'].map(layout => ({
      name: `PyTorch ${precision} ${layout}`,
      start: () => talkToPython('step.py', [id, batch, layout, precision]),
    })),
  ),
]

interface Measured {
  readonly name: string
  readonly ms: number[]
  last: Timing
}

async function measure(ways: readonly Way[]): Promise<Map<string, Measured>> {
  const running = await Promise.all(ways.map(async way => ({ way, process: await way.start() })))
  const results = new Map<string, Measured>()
  for (let round = -1; round < rounds; round++) {
    for (const { way, process } of running) {
      const timing = await process.ask<Timing>(String(way.steps ?? stepsATurn))
      const result = results.get(way.name) ?? { name: way.name, ms: [], last: timing }
      results.set(way.name, result)
      result.last = timing
      // The first round warms up.
      if (round >= 0) result.ms.push(...timing.ms)
    }
  }
  for (const { process } of running) process.close()
  return results
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

/**
 * How many times as long the fastest of `others` takes: by the fastest tenth of the steps, which other work on the machine
 * has disturbed least. (PyTorch's threads spin while they wait, so that its median suffers more from it than ours.)
 */
function timesAsLong(results: ReadonlyMap<string, Measured>, own: string, others: string): string {
  const undisturbed = ({ ms }: Measured) => quantile(ms, 0.1)
  const theirs = [...results.values()].filter(({ name }) => name.startsWith(others))
  if (theirs.length === 0) return ''
  const fastest = theirs.reduce((a, b) => (undisturbed(a) <= undisturbed(b) ? a : b))
  return `${fastest.name} ${(undisturbed(fastest) / undisturbed(results.get(own)!)).toFixed(2)}`
}

const megabytes = (bytes: number | undefined) => (bytes === undefined ? '' : (bytes / 1e6).toFixed(0))
const chosen = process.argv[2]
const torch = await moduleVersion('torch')
say(torch === null ? noTorch : `PyTorch ${torch}`)
for (const { id, batch } of cases.filter(({ id }) => chosen === undefined || id === chosen)) {
  const results = await measure(waysOf(id, String(batch), torch !== null))
  say(`\n${id}, batch ${batch}: ms a step, ${rounds} rounds; memory in MB`)
  say(`${' '.repeat(30)}${['median', 'fastest 10 %', 'peak', 'own'].map(title => title.padStart(14)).join('')}`)
  for (const { name, ms, last } of results.values()) {
    const numbers = [quantile(ms, 0.5).toFixed(1), quantile(ms, 0.1).toFixed(1)]
    const cells = [...numbers, megabytes(last.peakBytes), megabytes(last.ownBytes)]
    say(name.padEnd(30) + cells.map(cell => cell.padStart(14)).join(''))
  }
  say('times as long as ours (fastest tenth):')
  for (const [own, others, goal] of [
    ['Espalier f32', 'tfjs-node', 5],
    ['Espalier f32', 'PyTorch f32', 1.25],
    ['Espalier bf16', 'PyTorch bf16', 1.25],
  ] as const) {
    const text = timesAsLong(results, own, others)
    if (text) say(`  ${own} : ${text} (goal ${goal})`)
  }
}
