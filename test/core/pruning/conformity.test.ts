/** What every allocation with every score has to do. The tables are walked: a new member is tested by being there. */
import { describe, expect, it } from 'vitest'
import type { Model } from '../../../src/core/graph/model.ts'
import { validateModel } from '../../../src/core/graph/validate-model.ts'
import { allocations } from '../../../src/core/pruning/allocations.ts'
import { type Pruned, prune } from '../../../src/core/pruning/prune.ts'
import { layerSparsity } from '../../../src/core/pruning/sparsity.ts'
import { EspalierError } from '../../../src/shared/errors.ts'
import { type AllocationId, idsOf, scores } from '../../../src/shared/methods.ts'
import { chain, kernelsOf, masksOf, randomChain, squaresOf } from './chains.ts'

/** They leave layers alone by their own rule, so that small networks cannot reach every sparsity. */
const limited: readonly AllocationId[] = ['uniform-plus']
/** A solver chooses anew for each target: a layer may have fewer zeros at a higher sparsity. */
const solvers: readonly AllocationId[] = ['rate-distortion', 'lagrangian']

const everyMethod = (Object.keys(allocations) as AllocationId[]).flatMap(allocation =>
  idsOf(scores).map(score => ({ allocation, score })),
)
const f32 = (...values: number[]) => Float32Array.from(values)
const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
/** As good as any, of both signs, and other ones in each layer. */
const gradientsOf = ({ weights }: Model) =>
  new Map(
    [...weights].map(([name, values], layer) => [name, values.map((_, i) => ((7 * i + 3 * layer) % 11) / 11 - 0.5)]),
  )
const networks = Array.from({ length: 24 }, (_, seed) => randomChain(seed))
const large = chain([3, 9, 9, 5])

describe.each(everyMethod)('prune: $allocation by $score', method => {
  const at = (model: Model, sparsity: number) =>
    prune(model, { ...method, sparsity, gradients: gradientsOf(model), distortion: squaresOf(model) })

  /** undefined where the allocation's own rule forbids it. */
  function attempt(model: Model, sparsity: number): Pruned | undefined {
    try {
      return at(model, sparsity)
    } catch (error) {
      const isLimit = error instanceof EspalierError && error.code === 'prune.infeasible'
      if (isLimit && limited.includes(method.allocation)) return undefined
      throw error
    }
  }

  it('zeroes exactly what it says, keeps the rest bit by bit, and leaves its input alone', () => {
    let done = 0
    for (const model of networks) {
      const before = structuredClone(model)
      for (const sparsity of [0, 0.1, 0.29, 0.5, 0.9, 0.99]) {
        const pruned = attempt(model, sparsity)
        if (!pruned) continue
        done++
        validateModel(pruned.model)
        expect(pruned.layers).toEqual(layerSparsity(pruned.model.graph, pruned.model.weights))
        expect(pruned.zeros).toBe(sum(pruned.layers.map(({ zeros }) => zeros)))
        expect(pruned.weights).toBe(sum(pruned.layers.map(({ weights }) => weights)))
        expect(pruned.newlyMasked).toBe(pruned.zeros)
        const [masks, kept] = [masksOf(pruned.model), kernelsOf(pruned.model)]
        for (const [i, kernel] of kernelsOf(model).entries())
          expect(kept[i]).toEqual(kernel.map((w, j) => (masks[i]![j] === 1 ? w : 0)))
      }
      expect(model).toEqual(before)
    }
    expect(done).toBeGreaterThan(60)
  })

  it('never lets a weight grow back, straight or step by step', () => {
    let done = 0
    for (const model of networks) {
      let stepped = model
      let last = masksOf(model)
      for (const sparsity of [0.2, 0.5, 0.5, 0.7, 0.95]) {
        const next = attempt(stepped, sparsity)
        if (!next) break
        done++
        const [masks, before] = [masksOf(next.model), masksOf(stepped)]
        stepped = next.model
        expect(masks.every((mask, i) => mask.every((kept, j) => kept <= before[i]![j]!))).toBe(true)
        if (solvers.includes(method.allocation)) continue
        const straight = masksOf(at(model, sparsity).model)
        expect(masks).toEqual(straight)
        expect(straight.every((mask, i) => mask.every((kept, j) => kept <= last[i]![j]!))).toBe(true)
        last = straight
      }
    }
    expect(done).toBeGreaterThan(48)
  })

  it('gives the same masks for the same model', () => {
    expect(at(large, 0.6)).toEqual(at(large, 0.6))
  })

  it('says that it changed nothing', () => {
    expect(at(at(large, 0.6).model, 0.6).newlyMasked).toBe(0)
  })

  it('refuses a lower sparsity than the model has', () => {
    const once = at(large, 0.6).model
    expect(() => at(once, 0.2)).toThrow(expect.objectContaining({ code: 'prune.infeasible' }))
  })

  it.each([1, 1.2, -0.1, Number.NaN, Infinity])('refuses the sparsity %d', sparsity => {
    expect(() => at(large, sparsity)).toThrow(
      expect.objectContaining({ code: 'prune.infeasible', message: expect.stringContaining(String(sparsity)) }),
    )
  })

  it('refuses weights that are not finite, naming the layer', () => {
    const model = chain([2, 2, 1], [f32(1, 2, 3, 4), f32(1, Number.NaN)])
    expect(() => at(model, 0.5)).toThrow(
      expect.objectContaining({ code: 'model.invalid', message: expect.stringContaining('"fc1"') }),
    )
  })

  it('refuses a model whose masked weights are not zero', () => {
    const kernels = [f32(1, 2), f32(1, 2, 3, 4, 5, 6, 7, 8)]
    const masks = new Map([['fc1.weight', Uint8Array.of(0, 1, 1, 1, 1, 1, 1, 1)]])
    const model = { ...chain([1, 2, 4], kernels), masks }
    expect(() => at(model, 0.5)).toThrow(expect.objectContaining({ code: 'model.invalid' }))
  })
})
