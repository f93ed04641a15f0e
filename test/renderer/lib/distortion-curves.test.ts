import { describe, expect, it } from 'vitest'
import { toConstraints, toFloorsAndLocks } from '../../../src/renderer/src/lib/constraints.ts'
import {
  distortionAt,
  layerGroups,
  logFloor,
  nearestPoint,
  placeOfShare,
  readCurve,
  shareAtPlace,
} from '../../../src/renderer/src/lib/distortion-curves.ts'
import { shortRecipe, shortStage } from '../../../src/renderer/src/lib/short-recipe.ts'
import { recipeWithTarget, stageForTarget, withTarget } from '../../../src/renderer/src/lib/target-recipe.ts'
import { parseRecipe } from '../../../src/shared/recipe.ts'
import { type StageOf, stageSchema } from '../../../src/shared/stages.ts'

const curve = {
  ...{ name: 'conv1', weights: 100, fractions: [0, 0.3, 0.5, 0.9], zeroed: [0, 30, 50, 90] },
  ...{ mean: [0, 2, 1, 8], worst: [0, 4, 3, 16] },
}

describe('a curve', () => {
  it('is read as measured, or as the largest value so far', () => {
    expect(readCurve(curve, 'mean', false)).toEqual([0, 2, 1, 8])
    expect(readCurve(curve, 'mean', true)).toEqual([0, 2, 2, 8])
    expect(readCurve(curve, 'worst', true)).toEqual([0, 4, 4, 16])
  })

  it('goes straight from point to point, and the last one holds', () => {
    expect([0, 15, 30, 40, 90, 99].map(zeros => distortionAt(curve, 'mean', false, zeros))).toEqual([
      0, 1, 2, 1.5, 8, 8,
    ])
    expect(distortionAt(curve, 'mean', true, 70)).toBe(5)
  })

  it('stands evenly, or by the logarithm of what is kept', () => {
    expect(placeOfShare(0.9, false)).toBe(0.9)
    for (const [share, place] of [
      [0, 0],
      [0.9, 1],
      [0.99, 2],
      [0.999, 3],
    ] as const) {
      expect(placeOfShare(share, true)).toBeCloseTo(place, 9)
      expect(shareAtPlace(place, true)).toBeCloseTo(share, 9)
    }
    expect(placeOfShare(1, true)).toBe(5)
  })

  it('needs a logarithmic axis from the power of ten below its smallest value above nothing', () => {
    expect(logFloor([0, 0.02, 3])).toBe(0.01)
    expect(logFloor([0, 1e-12, 3])).toBe(1e-6)
    expect(logFloor([0])).toBe(1e-3)
  })

  it('is pointed at by its nearest point', () => {
    const lines = [
      [
        [0, 0],
        [1, 1],
      ],
      [
        [0, 0.5],
        [1, 0.2],
      ],
    ] as const
    expect(nearestPoint(lines, [0.9, 0.25], 0.3)).toEqual({ layer: 1, point: 1 })
    expect(nearestPoint(lines, [0.5, 0.9], 0.1)).toBeUndefined()
  })

  it('shares its colour with the layers of its part of the network, or of its depth', () => {
    expect(layerGroups(['conv1', 'layer1.0.conv1', 'layer1.0.conv2', 'layer2.0.conv1', 'linear'])).toEqual([
      { label: 'conv1', layers: [0] },
      { label: 'layer1', layers: [1, 2] },
      { label: 'layer2', layers: [3] },
      { label: 'linear', layers: [4] },
    ])
    const features = Array.from({ length: 13 }, (_, i) => `features.${i}`)
    const bands = layerGroups([...features, 'classifier'])
    expect(bands.map(({ label }) => label)).toEqual([
      'layers 1–3',
      'layers 4–6',
      'layers 7–9',
      'layers 10–12',
      'layers 13–14',
    ])
    expect(bands.flatMap(({ layers }) => layers)).toEqual(Array.from({ length: 14 }, (_, i) => i))
  })
})

describe('constraints', () => {
  it('are floors and locks, and back', () => {
    const both = { floors: { a: 20, b: 0.1 }, locks: { c: 0, d: 0.5 } }
    const constraints = toConstraints(both)
    expect(constraints['c']).toEqual({ kind: 'dense' })
    expect(toFloorsAndLocks(constraints)).toEqual(both)
    expect(toFloorsAndLocks({})).toEqual({ floors: {}, locks: {} })
    expect(toConstraints({ floors: { a: 1 }, locks: { a: 0.2 } })).toEqual({ a: { kind: 'fixed', share: 0.2 } })
  })
})

describe('a recipe without its defaults', () => {
  const written = {
    ...{ name: 'Mine', model: { checkpoint: '/m' }, data: { path: '/d', augment: 'crop-flip' }, seeds: [0, 1] },
    stages: [
      { use: 'evaluate' },
      {
        use: 'prune',
        sparsity: 0.5,
        schedule: { kind: 'gradual', endEpoch: 2 },
        train: { epochs: 2, optimizer: { kind: 'adam', lr: 0.01 } },
      },
      { use: 'train', epochs: 3, schedule: 'cosine', optimizer: 'adamw' },
      { use: 'prune', allocation: 'rate-distortion', sparsity: 0.8, calibration: { images: 256 }, locks: { conv1: 0 } },
    ],
  }

  it('says what was written, and means the same', () => {
    const recipe = parseRecipe(written)
    const short = shortRecipe(recipe)
    expect(short).toEqual({ espalier: 1, ...written })
    expect(parseRecipe(short)).toEqual(recipe)
  })

  it('takes a target: into the recipe it came from, and into another whose training stays', () => {
    const recipe = parseRecipe(written)
    const measured = recipe.stages[3] as StageOf<'prune'>
    const target: StageOf<'prune'> = { ...measured, sparsity: 0.9, curve: 'mean', locks: { linear: 0.2 } }
    const made = recipeWithTarget(recipe, 3, target)
    expect(made['name']).toBe('Rate-distortion magnitude 90 %')
    expect(parseRecipe(made).stages).toEqual([...recipe.stages.slice(0, 3), target])

    const other = { ...written, stages: written.stages.slice(0, 3) }
    expect(stageForTarget(other)).toBe(1)
    const changed = withTarget(other, target)
    expect((changed['stages'] as unknown[])[1]).toEqual({
      ...{
        use: 'prune',
        schedule: { kind: 'gradual', endEpoch: 2 },
        train: { epochs: 2, optimizer: { kind: 'adam', lr: 0.01 } },
      },
      ...shortStage(target),
    })
    expect(stageForTarget(written)).toBe(3)
    expect(stageForTarget({ stages: [{ use: 'evaluate' }] })).toBe(-1)
    expect(withTarget({ stages: [{ use: 'evaluate' }] }, target)).toEqual({ stages: [{ use: 'evaluate' }] })
    expect(stageSchema.parse(shortStage(target))).toEqual(target)

    const { sparsity: _, ...rest } = target
    const loses: StageOf<'prune'> = { ...rest, target: { kind: 'accuracy', lose: 0.005 } }
    expect(recipeWithTarget(recipe, 3, loses)['name']).toBe('Rate-distortion magnitude that loses 0.5 % at most')
    // An accuracy is found at once: a schedule cannot stay.
    expect((withTarget(other, loses)['stages'] as unknown[])[1]).toEqual({
      ...{ use: 'prune', train: { epochs: 2, optimizer: { kind: 'adam', lr: 0.01 } } },
      ...shortStage(loses),
    })
    const small: StageOf<'prune'> = { ...rest, target: { kind: 'file-size', bytes: 300_000 } }
    expect(recipeWithTarget(recipe, 3, small)['name']).toBe('Rate-distortion magnitude to 300.0 kB')
  })
})
