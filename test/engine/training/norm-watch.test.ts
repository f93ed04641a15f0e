import { expect, it, vi } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { normsOf } from '../../../src/core/features.ts'
import type { TrainableModel } from '../../../src/engine/compile/training.ts'
import { watchNorms } from '../../../src/engine/training/norm-watch.ts'

/** Steps at which something is recorded. */
function stepsOf(id: string, steps: number): number[] {
  const graph = architectureOf(id)
  const names = normsOf(graph).flatMap(({ gamma, beta }) => [gamma, beta])
  const weights = new Map(names.map(name => [name, Float32Array.of(0.5)]))
  const compiled = { graph, readAll: () => weights } as unknown as TrainableModel
  const record = { norms: vi.fn(), points: vi.fn() }
  const watch = watchNorms(compiled, new Set(normsOf(graph).map(({ gamma }) => gamma)), steps, record)
  for (let step = 0; step <= steps; step++) watch.look(step)
  return record.norms.mock.calls.map(([step]) => step as number)
}

it('records evenly, the start and the end among them, and never more than a project should keep', () => {
  expect(stepsOf('resnet14-b', 50)).toEqual(Array.from({ length: 51 }, (_, i) => i))
  expect(stepsOf('resnet14-b', 1000)).toEqual(Array.from({ length: 201 }, (_, i) => 5 * i))
  expect(stepsOf('resnet110-b', 1001)).toEqual([...Array.from({ length: 84 }, (_, i) => 12 * i), 1001])
  // 867 batch norms a snapshot.
  expect(stepsOf('resnet866-b', 100)).toEqual(Array.from({ length: 11 }, (_, i) => 10 * i))
})
