/**
 * How many threads TensorFlow works an op with. Sums are split between them, so that the last bits of a result depend on
 * their number: it is set, not left to TensorFlow, and is part of what a run is known by (docs/adr/0020).
 */
import { availableParallelism } from 'node:os'

const variable = 'TF_NUM_INTRAOP_THREADS'

/** What the environment says, or the processors that this process may use. */
export function engineThreads(environment: NodeJS.ProcessEnv = process.env): number {
  const told = Number(environment[variable])
  return Number.isInteger(told) && told > 0 ? told : availableParallelism()
}

/** Before TensorFlow is loaded. */
export function setEngineThreads(environment: NodeJS.ProcessEnv = process.env): void {
  environment[variable] = String(engineThreads(environment))
}
