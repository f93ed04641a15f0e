/**
 * Ten steps beside the same ten steps of PyTorch in float64 (test/fixtures/generate/training.py). The tolerances are for
 * float32: its rounding grows from step to step, in PyTorch's own float32 more than in ours.
 */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TrainableModel, TrainingOptions } from '../../../src/engine/compile/training.ts'
import { type Engine, loadEngine } from '../../../src/engine/runtime/load.ts'
import { batch, batchSizes, compile, kernels, masks, momentum, plainSgd, trainable, weights } from './small-network.ts'

type Summary = Readonly<Record<string, readonly [sum: number, norm: number, last: number]>>
interface Recorded {
  readonly losses: readonly number[]
  readonly norms: readonly (readonly number[])[]
  readonly weights: Summary
}
interface Setting {
  readonly options: Partial<TrainingOptions>
  readonly learningRate?: number
  readonly masked?: boolean
  readonly updatesMasked?: boolean
}

const fixture: { runs: Record<string, Recorded>; recalibrated: Summary } = JSON.parse(
  readFileSync(new URL('../../fixtures/engine/training.json', import.meta.url), 'utf8'),
)

let engine: Engine
beforeAll(async () => {
  engine = await loadEngine()
})

const isBatchNorm = (name: string) => name.includes('bn')
const named = (belongs: (name: string) => boolean) => new Set(trainable.map(([name]) => name).filter(belongs))
const nesterov = { ...momentum, nesterov: true }
const adam = { beta1: 0.8, beta2: 0.95, epsilon: 1e-3 }

const settings: Record<string, Setting> = {
  sgd: { options: { optimizer: plainSgd } },
  momentum: { options: { optimizer: momentum } },
  nesterov: { options: { optimizer: nesterov, labelSmoothing: 0.1 } },
  clipped: {
    options: {
      optimizer: momentum,
      groups: [
        { name: 'kernels', parameters: named(name => !isBatchNorm(name)), maxNorm: 0.5 },
        { name: 'norms', parameters: named(isBatchNorm) },
      ],
    },
  },
  adam: { options: { optimizer: { kind: 'adam', weightDecay: 0.5, ...adam } }, learningRate: 0.001 },
  adamw: {
    options: { optimizer: { kind: 'adamw', weightDecay: 2, ...adam }, labelSmoothing: 0.2 },
    learningRate: 0.001,
  },
  masked: {
    options: { optimizer: nesterov, groups: [{ name: 'all', parameters: named(() => true), maxNorm: 1 }] },
    masked: true,
  },
  'masked-adamw': {
    options: { optimizer: { kind: 'adamw', weightDecay: 2, ...adam } },
    learningRate: 0.001,
    masked: true,
  },
  'updates-masked': {
    options: { optimizer: nesterov, groups: [{ name: 'all', parameters: named(() => true), maxNorm: 1 }] },
    updatesMasked: true,
  },
  'updates-masked-adamw': {
    options: { optimizer: { kind: 'adamw', weightDecay: 2, ...adam } },
    learningRate: 0.001,
    updatesMasked: true,
  },
  batchnorm: { options: { optimizer: momentum, trained: named(isBatchNorm) } },
}

const inverted = (of: ReadonlyMap<string, Uint8Array>) =>
  new Map([...of].map(([name, mask]) => [name, mask.map(kept => 1 - kept)]))

function expectSummary(model: TrainableModel, expected: Summary, tolerance: number): void {
  for (const [name, [sum, norm, last]] of Object.entries(expected)) {
    const values = model.read(name)
    const length = Math.hypot(...values)
    // The sum of many entries of either sign is known less well than their norm.
    expect(Math.abs(values.reduce((total, value) => total + value, 0) - sum), `sum of ${name}`).toBeLessThan(
      4 * tolerance * Math.max(1, norm),
    )
    expect(Math.abs(length - norm), `norm of ${name}`).toBeLessThan(tolerance * norm)
    expect(Math.abs(values.at(-1)! - last), `last of ${name}`).toBeLessThan(tolerance * Math.max(1, Math.abs(last)))
  }
}

it('covers every recorded run', () => {
  expect(Object.keys(settings)).toEqual(Object.keys(fixture.runs))
})

describe('ten steps give the losses, gradient norms, weights and statistics of PyTorch', () => {
  it.each(Object.entries(settings))('%s', (name, { options, learningRate = 0.01, ...setting }) => {
    const { masked = false, updatesMasked = false } = setting
    const recorded = fixture.runs[name]!
    const sets = { masked, updateMasked: updatesMasked }
    const withMasks = Object.entries(sets).flatMap(([set, has]) => (has ? [[set, new Set(kernels)]] : []))
    const model = compile(engine, { ...options, ...Object.fromEntries(withMasks) })
    try {
      const kept = masked ? masks() : new Map<string, Uint8Array>()
      model.assign({ weights: weights(), masks: kept })
      for (const [step, expected] of recorded.losses.entries()) {
        if (updatesMasked && step === 0) model.assignUpdateMasks(masks())
        if (updatesMasked && step === 5) model.assignUpdateMasks(inverted(masks()))
        const result = model.step({ ...batch(step), learningRate: learningRate * (1 - step / 20), seed: step })
        expect(Math.abs(result.loss / expected - 1), `loss of step ${step}`).toBeLessThan(2e-4)
        const norms = [...result.gradientNorms.values()]
        expect(norms).toHaveLength(recorded.norms[step]!.length)
        for (const [i, norm] of recorded.norms[step]!.entries())
          expect(Math.abs(norms[i]! / norm - 1), `norm of step ${step}`).toBeLessThan(2e-3)
        for (const [kernel, mask] of kept)
          expect(model.read(kernel).every((value, i) => mask[i] === 1 || Object.is(value, 0))).toBe(true)
      }
      expectSummary(model, recorded.weights, 5e-4)
    } finally {
      model.dispose()
    }
  })

  it('recalibrates to the average of three batches', () => {
    const model = compile(engine)
    try {
      model.assign({ weights: weights(), masks: new Map() })
      for (const step of [0, 1, 2]) model.recalibrate(batch(step).samples, batchSizes[step]!, 1 / (step + 1))
      expectSummary(model, fixture.recalibrated, 1e-5)
      const before = weights()
      for (const [name] of trainable) expect(model.read(name)).toEqual(before.get(name))
    } finally {
      model.dispose()
    }
  })
})
