/** The Node side of `step.ts`: answers each line, a number of steps, with how long each took. */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createRandom } from '../../src/core/random.ts'

export interface Timing {
  /** Milliseconds of each step. */
  readonly ms: readonly number[]
  /** Most memory the process has had so far, its program and libraries included. */
  readonly peakBytes: number
  /** Memory that it has for itself now: without files that are only mapped. Absent where the system does not tell. */
  readonly ownBytes?: number
}

export interface Batch {
  /** 32x32x3 images, pixel by pixel. */
  readonly pixels: Uint8Array
  readonly labels: Int32Array
}

/** Random pixels: the speed of a dense network does not depend on them. */
export function randomBatch(size: number): Batch {
  const random = createRandom(0)
  return {
    pixels: new Uint8Array(size * 32 * 32 * 3).map(() => random.below(256)),
    labels: Int32Array.from({ length: size }, () => random.below(10)),
  }
}

export async function answer(step: () => unknown): Promise<void> {
  say({ ready: true })
  for await (const line of createInterface({ input: process.stdin })) {
    const ms: number[] = []
    for (let i = 0; i < Number(line); i++) {
      const start = performance.now()
      await step()
      ms.push(performance.now() - start)
    }
    say({ ms, peakBytes: process.resourceUsage().maxRSS * 1024, ...ownMemory() } satisfies Timing)
  }
}

function ownMemory(): { ownBytes?: number } {
  try {
    const kilobytes = /^RssAnon:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    return kilobytes ? { ownBytes: Number(kilobytes) * 1024 } : {}
  } catch {
    return {}
  }
}

const say = (message: unknown) => process.stdout.write(`${JSON.stringify(message)}\n`)
