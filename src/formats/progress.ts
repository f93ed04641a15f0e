/** Progress and stopping, the same for everything that takes a while in this layer. */
import { EspalierError } from '../shared/errors.ts'
import type { OpenOptions } from './dataset.ts'

const INTERVAL_MS = 100

/** `onProgress` at most ten times a second; the first report of each step always passes. */
export function progressReporter({ onProgress }: OpenOptions): (step: string, done: number, total: number) => void {
  let lastAt = 0
  let lastStep = ''
  return (step, done, total) => {
    const now = performance.now()
    if (!onProgress || (step === lastStep && now - lastAt < INTERVAL_MS)) return
    lastAt = now
    lastStep = step
    onProgress({ step, done, total })
  }
}

/** Throws where the person asked to stop: their own error if `signal` carries one of ours, else `run.stopped`. */
export function throwIfStopped(signal: AbortSignal | undefined, what: string): void {
  if (!signal?.aborted) return
  if (signal.reason instanceof EspalierError) throw signal.reason
  throw new EspalierError({ code: 'run.stopped', message: `${what} was stopped.` })
}
