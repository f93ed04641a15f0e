/** A solver that remembers is held against pruning itself, which does not. */
import { describe, expect, it } from 'vitest'
import { createAllocationSolver } from '../../../src/core/pruning/allocation-solver.ts'
import { allocations } from '../../../src/core/pruning/allocations.ts'
import { prune, rankedLayers } from '../../../src/core/pruning/prune.ts'
import { createRandom } from '../../../src/core/random.ts'
import type { AllocationId } from '../../../src/shared/methods.ts'
import { chain, squaresOf } from './chains.ts'

const model = chain([6, 8, 5, 7])
const given = squaresOf(model)

describe.each(Object.keys(allocations) as AllocationId[])('%s', allocation => {
  // Uniform+ leaves a large part of so small a network alone.
  const scale = allocation === 'uniform-plus' ? 0.6 : 1
  const targets = [0.5, 0.1, 0.83, 0.5, 0.37, 0.62].map(sparsity => scale * sparsity)
  const options = { allocation, distortion: given }
  const pruned = (more: object) => prune(model, { ...options, seed: 3, score: 'magnitude', sparsity: 0, ...more })

  it('solves one target after the other as pruning does', () => {
    const solver = createAllocationSolver(rankedLayers(model, { score: 'magnitude' }), 3)
    for (const sparsity of targets) {
      const { zeros, gone, nonzeroMacs, distortion } = solver.solve({ ...options, sparsity })
      expect(zeros).toEqual(pruned({ sparsity }).layers.map(layer => layer.zeros))
      // Fully connected: a MAC is a weight.
      expect([gone, 123 - nonzeroMacs]).toEqual([pruned({ sparsity }).zeros, gone])
      expect(distortion.every((value, i) => value > 0 === zeros[i]! > 0)).toBe(true)
    }
  })

  it('starts from what is zero already, which changes nothing any more', () => {
    const half = pruned({ sparsity: 0.4 * scale })
    const solver = createAllocationSolver(rankedLayers(half.model, { score: 'magnitude' }), 3)
    for (const sparsity of [0.7 * scale, 0.8 * scale]) {
      const again = prune(half.model, { ...options, seed: 3, score: 'magnitude', sparsity })
      const { zeros, distortion } = solver.solve({ ...options, sparsity })
      expect(zeros).toEqual(again.layers.map(layer => layer.zeros))
      expect(distortion.map(value => value === 0)).toEqual(zeros.map((count, i) => count === half.layers[i]!.zeros))
    }
  })
})

it('keeps floors, locks and settings apart, in any order', () => {
  const solver = createAllocationSolver(rankedLayers(model, { score: 'magnitude' }), 3)
  const settings = [
    {},
    { locks: { fc1: 0 } },
    { locks: { fc1: 0.2 }, floors: { fc2: 20 } },
    { curve: 'worst' },
    { monotone: true },
    { budget: 'macs' },
  ] as const
  const random = createRandom(1)
  for (let round = 0; round < 60; round++) {
    const distortion = { ...given, ...settings[random.below(settings.length)]! }
    const asked = { allocation: 'rate-distortion', sparsity: 0.05 * random.below(12), distortion } as const
    const expected = prune(model, { ...asked, score: 'magnitude' }).layers.map(({ zeros }) => zeros)
    expect(solver.solve(asked).zeros).toEqual(expected)
  }
})

it('says what cannot be met, and goes on', () => {
  const solver = createAllocationSolver(rankedLayers(model, { score: 'magnitude' }), 3)
  const asked = { allocation: 'rate-distortion', distortion: { ...given, locks: { fc0: 0 } } } as const
  expect(() => solver.solve({ ...asked, sparsity: 0.9 })).toThrow(
    expect.objectContaining({ code: 'prune.infeasible', hint: expect.stringContaining('The highest sparsity is 0.6') }),
  )
  expect(solver.solve({ ...asked, sparsity: 0.5 }).zeros[0]).toBe(0)
})
