/** Property tests of readers: whatever the bytes, a reader reads, or throws an `EspalierError`, soon. */
import { EspalierError } from '../../src/shared/errors.ts'

/** The `EspalierError` that `work` throws; any other throw passes, and none is a failure. */
export async function thrownBy(work: () => unknown): Promise<EspalierError> {
  try {
    await work()
  } catch (error) {
    if (error instanceof EspalierError) return error
    throw error
  }
  throw new Error('expected an EspalierError, but nothing was thrown')
}

/** mulberry32: a small seeded generator, so that a failure can be repeated. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * Runs `read` on `count` damaged copies of `bytes`: a third cut short, the rest with one to eight changed bytes
 * (`weight` 0 to 1 pulls the changes to the front, where headers are). Returns how often each code was thrown;
 * `read` counts the copies that could still be read.
 */
export async function fuzz(
  bytes: Uint8Array,
  count: number,
  read: (mutant: Uint8Array) => unknown,
  region: readonly [start: number, end: number] = [0, bytes.length],
): Promise<Map<string, number>> {
  const next = random(count)
  const codes = new Map<string, number>()
  for (let i = 0; i < count; i++) {
    const { mutant, what } = damage(bytes, i, next, region)
    const started = performance.now()
    let code = 'read'
    try {
      await read(mutant)
    } catch (error) {
      if (!(error instanceof EspalierError)) throw new Error(`${what}: ${String(error)}`, { cause: error })
      code = error.code
    }
    const ms = performance.now() - started
    if (ms > 5000) throw new Error(`${what}: took ${Math.round(ms)} ms`)
    codes.set(code, (codes.get(code) ?? 0) + 1)
  }
  return codes
}

function damage(bytes: Uint8Array, i: number, next: () => number, [start, end]: readonly [number, number]) {
  if (i % 3 === 0) {
    const length = Math.floor(next() * bytes.length)
    return { mutant: new Uint8Array(bytes.subarray(0, length)), what: `copy ${i}, cut to ${length} bytes` }
  }
  const mutant = new Uint8Array(bytes) // `slice` of a Buffer would be a view
  const changes: string[] = []
  for (let n = 1 + Math.floor(next() * 8); n > 0; n--) {
    const at = start + Math.floor(next() * (end - start))
    mutant[at] = i % 3 === 1 ? mutant[at]! ^ (1 << Math.floor(next() * 8)) : Math.floor(next() * 256)
    changes.push(`${at}=${mutant[at]}`)
  }
  return { mutant, what: `copy ${i}, bytes ${changes.join(' ')}` }
}
