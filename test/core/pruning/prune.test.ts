import { describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { GraphBuilder } from '../../../src/core/graph/builder.ts'
import { prunableLayers } from '../../../src/core/graph/cost.ts'
import type { Model } from '../../../src/core/graph/model.ts'
import { validateModel } from '../../../src/core/graph/validate-model.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { prune } from '../../../src/core/pruning/prune.ts'
import { floorShare } from '../../../src/core/pruning/share.ts'
import { layerSparsity } from '../../../src/core/pruning/sparsity.ts'
import { createRandom } from '../../../src/core/random.ts'
import { allocations, idsOf, scores } from '../../../src/shared/methods.ts'
import { masksWithout, randomWeights, ranked } from './brute-force.ts'

/** A chain of fully connected layers of the given widths, with the given kernels (fresh ones without). */
function chain(widths: number[], kernels?: Float32Array[]): Model {
  const g = new GraphBuilder([widths[0]!])
  const output = widths.slice(1).reduce((x, out, i) => g.gemm(`fc${i}`, x, { out }), g.input)
  const graph = g.build(output)
  const weights = new Map(initialise(graph, 0))
  for (const [i, kernel] of kernels?.entries() ?? []) weights.set(`fc${i}.weight`, kernel)
  return { architecture: 'chain', graph, weights, masks: new Map() }
}

const f32 = (...values: number[]) => Float32Array.from(values)
const kernelsOf = ({ graph, weights }: Model) => prunableLayers(graph).map(({ kernel }) => weights.get(kernel)!)
/** The masks as the model means them: an absent one keeps everything. */
const masksOf = ({ graph, weights, masks }: Model) =>
  prunableLayers(graph).map(({ kernel }) => masks.get(kernel) ?? new Uint8Array(weights.get(kernel)!.length).fill(1))

function randomChain(seed: number): Model {
  const random = createRandom(seed)
  const widths = Array.from({ length: 2 + random.below(4) }, () => 1 + random.below(6))
  return chain(
    widths,
    widths.slice(1).map((out, i) => randomWeights(random, out * widths[i]!, 0)),
  )
}

const everyMethod = idsOf(allocations).flatMap(allocation => idsOf(scores).map(score => ({ allocation, score })))

describe.each(everyMethod)('prune: $allocation by $score', method => {
  it('zeroes exactly what it says, keeps the rest bit by bit, and leaves its input alone', () => {
    for (let seed = 0; seed < 200; seed++) {
      const model = randomChain(seed)
      const before = structuredClone(model)
      for (const sparsity of [0, 0.1, 0.29, 0.5, 0.9, 0.99]) {
        const pruned = prune(model, { ...method, sparsity })
        validateModel(pruned.model)
        expect(pruned.layers).toEqual(layerSparsity(pruned.model.graph, pruned.model.weights))
        expect(pruned.zeros).toBe(pruned.layers.reduce((sum, { zeros }) => sum + zeros, 0))
        expect(pruned.weights).toBe(pruned.layers.reduce((sum, { weights }) => sum + weights, 0))
        expect(pruned.newlyMasked).toBe(pruned.zeros)
        const [masks, kept] = [masksOf(pruned.model), kernelsOf(pruned.model)]
        for (const [i, kernel] of kernelsOf(model).entries())
          expect(kept[i]).toEqual(kernel.map((w, j) => (masks[i]![j] === 1 ? w : 0)))
      }
      expect(model).toEqual(before)
    }
  })

  it('never lets a weight grow back: masks of a higher sparsity lie within those of a lower one, straight or step by step', () => {
    for (let seed = 0; seed < 200; seed++) {
      const model = randomChain(seed)
      let stepped = model
      let last = masksOf(model)
      for (const sparsity of [0.2, 0.5, 0.5, 0.7, 0.95]) {
        const straight = prune(model, { ...method, sparsity })
        stepped = prune(stepped, { ...method, sparsity }).model
        const masks = masksOf(straight.model)
        expect(masks.every((mask, i) => mask.every((kept, j) => kept <= last[i]![j]!))).toBe(true)
        expect(masksOf(stepped)).toEqual(masks)
        last = masks
      }
    }
  })

  it('gives the same masks for the same model', () => {
    const model = randomChain(7)
    expect(prune(model, { ...method, sparsity: 0.6 })).toEqual(prune(model, { ...method, sparsity: 0.6 }))
  })

  it('says that it changed nothing', () => {
    const once = prune(randomChain(7), { ...method, sparsity: 0.6 }).model
    expect(prune(once, { ...method, sparsity: 0.6 }).newlyMasked).toBe(0)
  })

  it('refuses a lower sparsity than the model has', () => {
    const once = prune(chain([6, 5, 4]), { ...method, sparsity: 0.6 }).model
    expect(() => prune(once, { ...method, sparsity: 0.2 })).toThrow(
      expect.objectContaining({ code: 'prune.infeasible' }),
    )
  })

  it.each([1, 1.2, -0.1, Number.NaN, Infinity])('refuses the sparsity %d', sparsity => {
    expect(() => prune(chain([4, 3]), { ...method, sparsity })).toThrow(
      expect.objectContaining({ code: 'prune.infeasible', message: expect.stringContaining(String(sparsity)) }),
    )
  })

  it('refuses weights that are not finite, naming the layer', () => {
    const model = chain([2, 2, 1], [f32(1, 2, 3, 4), f32(1, Number.NaN)])
    expect(() => prune(model, { ...method, sparsity: 0.5 })).toThrow(
      expect.objectContaining({ code: 'model.invalid', message: expect.stringContaining('"fc1"') }),
    )
  })

  it('refuses a model whose masked weights are not zero', () => {
    const model = { ...chain([2, 1], [f32(1, 2)]), masks: new Map([['fc0.weight', Uint8Array.of(0, 1)]]) }
    expect(() => prune(model, { ...method, sparsity: 0.5 })).toThrow(expect.objectContaining({ code: 'model.invalid' }))
  })
})

describe('global', () => {
  it('removes floor(s N), the last layer included (by hand)', () => {
    const model = chain([2, 3, 2], [f32(0.9, -0.1, 0.2, 5, -6, 7), f32(0.1, 3, -0.3, 0.3, 4, 0.1)])
    const {
      layers,
      zeros,
      weights,
      model: pruned,
    } = prune(model, { allocation: 'global', score: 'magnitude', sparsity: 0.5 })
    expect({ layers, zeros, weights }).toEqual({
      layers: [
        { name: 'fc0', weights: 6, zeros: 2 },
        { name: 'fc1', weights: 6, zeros: 4 },
      ],
      zeros: 6,
      weights: 12,
    })
    expect(kernelsOf(pruned)).toEqual([f32(0.9, 0, 0, 5, -6, 7), f32(0, 3, 0, 0, 4, 0)])
  })

  it('equals sorting all weights', () => {
    for (let seed = 0; seed < 500; seed++) {
      const model = randomChain(seed)
      const kernels = kernelsOf(model)
      const order = ranked(kernels, (layer, i) => Math.abs(kernels[layer]![i]!))
      const sparsity = (seed % 100) / 100
      const { model: pruned } = prune(model, { allocation: 'global', score: 'magnitude', sparsity })
      expect(masksOf(pruned)).toEqual(masksWithout(kernels, order.slice(0, floorShare(sparsity, order.length))))
    }
  })
})

describe('uniform', () => {
  it('removes floor(s n) of every layer and equals sorting each', () => {
    for (let seed = 0; seed < 500; seed++) {
      const model = randomChain(seed)
      const kernels = kernelsOf(model)
      const sparsity = (seed % 100) / 100
      const { model: pruned } = prune(model, { allocation: 'uniform', score: 'magnitude', sparsity })
      const expected = kernels.flatMap(kernel => {
        const order = ranked([kernel], (_, i) => Math.abs(kernel[i]!))
        return masksWithout([kernel], order.slice(0, floorShare(sparsity, kernel.length)))
      })
      expect(masksOf(pruned)).toEqual(expected)
    }
  })

  it('refuses where a layer is sparser already, naming it', () => {
    const model = chain([2, 2, 2], [f32(1, 1, 1, 1), f32(9, 9, 9, 9)])
    const global = prune(model, { allocation: 'global', score: 'magnitude', sparsity: 0.375 }).model
    expect(() => prune(global, { allocation: 'uniform', score: 'magnitude', sparsity: 0.5 })).toThrow(
      expect.objectContaining({
        code: 'prune.infeasible',
        message: '"fc0" already has 3 zeros of 4 weights, the target leaves it only 2.',
      }),
    )
  })
})

describe('what is pruned or zero already', () => {
  it('goes first, whatever method pruned it, and counts towards the target', () => {
    const model = chain([2, 2, 2], [f32(1, 2, 3, 4), f32(5, 6, 7, 8)])
    const uniform = prune(model, { allocation: 'uniform', score: 'magnitude', sparsity: 0.5 }).model
    const {
      layers,
      newlyMasked,
      model: both,
    } = prune(uniform, { allocation: 'global', score: 'magnitude', sparsity: 0.75 })
    expect(layers.map(({ zeros }) => zeros)).toEqual([4, 2])
    expect(newlyMasked).toBe(2)
    expect(masksOf(both).map(mask => mask.join(''))).toEqual(['0000', '0011'])
  })

  it('zero weights without a mask are masked first', () => {
    const model = chain([2, 2], [f32(3, 0, -0, 1)])
    const { newlyMasked, model: pruned } = prune(model, { allocation: 'global', score: 'magnitude', sparsity: 0.5 })
    expect(newlyMasked).toBe(2)
    expect(masksOf(pruned)[0]!.join('')).toBe('1001')
  })
})

it('prunes a real network to the exact count', () => {
  const graph = architectureOf('resnet20-a')
  const model: Model = { architecture: 'resnet20-a', graph, weights: initialise(graph, 0), masks: new Map() }
  const { zeros, weights, layers } = prune(model, { allocation: 'global', score: 'magnitude', sparsity: 0.9 })
  expect({ zeros, weights, layers: layers.length }).toEqual({ zeros: 241_502, weights: 268_336, layers: 20 })
  const uniform = prune(model, { allocation: 'uniform', score: 'magnitude', sparsity: 0.3 })
  expect(uniform.layers[0]).toEqual({ name: 'conv1', weights: 432, zeros: 129 })
  expect(uniform.layers.at(-1)).toEqual({ name: 'linear', weights: 640, zeros: 192 })
})
