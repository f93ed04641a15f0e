/**
 * Times steps of several ways in turns of a few, each way a process of its own, so that whatever else the machine does hits
 * all of them.
 */
import { fileURLToPath } from 'node:url'
import { type Conversation, talkTo } from '../conversation.ts'
import type { Timing } from './worker.ts'

const rounds = Number(process.env['BENCH_ROUNDS'] ?? 10)
const stepsATurn = 4

export interface Way {
  readonly name: string
  readonly start: () => Promise<Conversation>
  /** Steps of a turn; a slow way has fewer. */
  readonly steps?: number
}

export const node = (script: string, args: readonly string[]) =>
  talkTo(process.execPath, fileURLToPath(new URL(script, import.meta.url)), args)
export const say = (line: string) => process.stdout.write(`${line}\n`)

export interface Measured {
  readonly name: string
  readonly ms: number[]
  last: Timing
}

export async function measure(ways: readonly Way[]): Promise<Map<string, Measured>> {
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
export function timesAsLong(results: ReadonlyMap<string, Measured>, own: string, others: string): string {
  const undisturbed = ({ ms }: Measured) => quantile(ms, 0.1)
  const theirs = [...results.values()].filter(({ name }) => name.startsWith(others))
  if (theirs.length === 0) return ''
  const fastest = theirs.reduce((a, b) => (undisturbed(a) <= undisturbed(b) ? a : b))
  return `${fastest.name} ${(undisturbed(fastest) / undisturbed(results.get(own)!)).toFixed(2)}`
}

const megabytes = (bytes: number | undefined) => (bytes === undefined ? '' : (bytes / 1e6).toFixed(0))

export function printTable(title: string, results: ReadonlyMap<string, Measured>): void {
  say(`\n${title}: ms a step, ${rounds} rounds; memory in MB`)
  say(`${' '.repeat(30)}${['median', 'fastest 10 %', 'peak', 'own'].map(title => title.padStart(14)).join('')}`)
  for (const { name, ms, last } of results.values()) {
    const numbers = [quantile(ms, 0.5).toFixed(1), quantile(ms, 0.1).toFixed(1)]
    const cells = [...numbers, megabytes(last.peakBytes), megabytes(last.ownBytes)]
    say(name.padEnd(30) + cells.map(cell => cell.padStart(14)).join(''))
  }
}
