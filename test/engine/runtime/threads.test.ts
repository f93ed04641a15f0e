import { availableParallelism } from 'node:os'
import { expect, it } from 'vitest'
import { engineThreads, setEngineThreads } from '../../../src/engine/runtime/threads.ts'

it('as many threads as the environment says, or processors', () => {
  expect(engineThreads({ TF_NUM_INTRAOP_THREADS: '3' })).toBe(3)
  for (const odd of ['', '0', '-1', 'many', '1.5'])
    expect(engineThreads({ TF_NUM_INTRAOP_THREADS: odd })).toBe(availableParallelism())
  const environment = {}
  setEngineThreads(environment)
  expect(environment).toEqual({ TF_NUM_INTRAOP_THREADS: String(availableParallelism()) })
})
