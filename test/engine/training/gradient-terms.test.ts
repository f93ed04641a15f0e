/** The terms that federated clients add to their gradients, beside PyTorch (test/fixtures/generate/federated.py). */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { elementCount } from '../../../src/core/graph/dims.ts'
import type { TrainableModel } from '../../../src/engine/compile/training.ts'
import { type Engine, loadEngine } from '../../../src/engine/runtime/load.ts'
import { batch, compile, kernels, masks, momentum, trainable, uniform, weights } from './small-network.ts'

interface Recorded {
  readonly losses: readonly number[]
  readonly norms: readonly number[]
  readonly weights: Readonly<Record<string, readonly [sum: number, norm: number, last: number]>>
}
const fixture: Record<string, Recorded> = JSON.parse(
  readFileSync(new URL('../../fixtures/engine/federated.json', import.meta.url), 'utf8'),
)

let engine: Engine
beforeAll(async () => {
  engine = await loadEngine()
})

const all = new Set(trainable.map(([name]) => name))
const corrections = () =>
  new Map(
    trainable.map(([name, { dims }], i) => [
      name,
      Float32Array.from(uniform(elementCount(dims), 8000 + i), value => value / 8),
    ]),
  )
const none = { anchors: new Map(), corrections: new Map() }
const steps = (model: TrainableModel, count: number) =>
  Array.from({ length: count }, (_, step) => model.step({ ...batch(step), learningRate: 0.01, seed: step }))

describe('ten steps give the losses, gradient norms and weights of PyTorch', () => {
  it.each([
    ['proximal', { proximal: 3, corrected: false }, {}],
    ['corrected', { proximal: 0, corrected: true }, {}],
    ['both-clipped', { proximal: 3, corrected: true }, { maxNorm: 1 }],
  ] as const)('%s', (name, terms, clipping) => {
    const groups = [{ name: 'all', parameters: all, ...clipping }]
    const model = compile(engine, { optimizer: momentum, terms, groups })
    try {
      model.assign({ weights: weights(), masks: new Map() })
      model.assignTerms({ anchors: weights(), corrections: corrections() })
      const recorded = fixture[name]!
      for (const [step, { loss, gradientNorms }] of steps(model, 10).entries()) {
        expect(Math.abs(loss / recorded.losses[step]! - 1), `loss of step ${step}`).toBeLessThan(2e-4)
        expect(Math.abs(gradientNorms.get('all')! / recorded.norms[step]! - 1), `norm of ${step}`).toBeLessThan(2e-3)
      }
      for (const [parameter, [, norm, last]] of Object.entries(recorded.weights)) {
        const values = model.read(parameter)
        expect(Math.abs(Math.hypot(...values) / norm - 1), `norm of ${parameter}`).toBeLessThan(5e-4)
        expect(Math.abs(values.at(-1)! - last), `last of ${parameter}`).toBeLessThan(5e-4 * Math.max(1, Math.abs(last)))
      }
    } finally {
      model.dispose()
    }
  })
})

describe('gradient terms', () => {
  it('that are zero leave the bits of training without them', () => {
    const states = [undefined, { proximal: 0, corrected: true }].map(terms => {
      const model = compile(engine, { optimizer: momentum, ...(terms && { terms }) })
      try {
        model.assign({ weights: weights(), masks: new Map() })
        steps(model, 4)
        return model.readState()
      } finally {
        model.dispose()
      }
    })
    expect(states[1]).toEqual(states[0])
  })

  it('do not reach weights that are masked, and stay when weights are assigned', () => {
    const terms = { proximal: 1, corrected: true }
    const model = compile(engine, { optimizer: momentum, terms, masked: new Set(kernels) })
    try {
      model.assignTerms({ anchors: weights(), corrections: corrections() })
      const run = () => {
        model.assign({ weights: weights(), masks: masks() })
        steps(model, 3)
        return model.readState()
      }
      const first = run()
      for (const [name, mask] of masks())
        expect(model.read(name).every((value, i) => mask[i] === 1 || Object.is(value, 0))).toBe(true)
      expect(run()).toEqual(first)
      model.assignTerms(none)
      expect(run()).not.toEqual(first)
    } finally {
      model.dispose()
    }
  })
})
