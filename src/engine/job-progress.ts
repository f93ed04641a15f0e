/** How far a stage is, told at most ten times a second, with rate and time left as measured. */
import type { FromEngine, Within } from './protocol.ts'

const intervalMs = 100
/** Before this much time a rate says more about the first batch than about the rest. */
const settledMs = 300

type Progress = Extract<FromEngine, { type: 'progress' }>

/**
 * The clock starts with the first call, so that compiling and warming up do not count, and again with each part. `now` in
 * milliseconds.
 */
export function createProgress(
  stage: number,
  unit: string,
  emit: (progress: Progress) => void,
  now: () => number = () => performance.now(),
): (done: number, total: number, within?: Within) => void {
  let first: { at: number; done: number } | undefined
  let lastAt = Number.NEGATIVE_INFINITY
  let current: string | undefined
  return (done, total, within = {}) => {
    const { part } = within
    const at = now()
    if (part !== current) {
      first = undefined
      lastAt = Number.NEGATIVE_INFINITY
      current = part
    }
    first ??= { at, done }
    if (at - lastAt < intervalMs) return
    lastAt = at
    const elapsed = at - first.at
    const rate = elapsed >= settledMs ? ((done - first.done) / elapsed) * 1000 : 0
    const measured = rate > 0 ? { rate, secondsLeft: (total - done) / rate } : {}
    emit({ type: 'progress', stage, done, total, unit, ...measured, ...within })
  }
}
