import { describeEngine } from '../src/studio/engine-version.ts'

/** Whether TensorFlow is in the cache: tests that run it are skipped by name without. */
export const hasEngine = (await describeEngine()) !== null
