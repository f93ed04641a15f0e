/** What steps that choose their own salient weights change, beside a straightforward reading of the rule. */
import { beforeAll, describe, expect, it } from 'vitest'
import { salienceOf } from '../../../src/core/federation/pruning/salient.ts'
import { type Engine, loadEngine } from '../../../src/engine/runtime/load.ts'
import type { SalienceId } from '../../../src/shared/federated-pruning.ts'
import { batch, compile, kernels, momentum, weights } from './small-network.ts'

let engine: Engine
beforeAll(async () => {
  engine = await loadEngine()
})

const names = ['layer1.0.conv1.weight', 'layer3.0.conv2.weight', 'linear.weight']

/** Places of the `count` largest values, the first of equals. */
const largest = (values: Float32Array, count: number) =>
  [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b).slice(0, count)

describe('steps of salient weights', () => {
  it.each(['product', 'gradient', 'weight'] as const satisfies SalienceId[])('by %s, against sorting', score => {
    const salience = { parameters: new Set(names), score, keep: 0.3, perStep: 0.12 }
    const model = compile(engine, { optimizer: momentum, salience })
    try {
      model.assign({ weights: weights(), masks: new Map() })
      const joined = new Map(names.map(name => [name, new Set<number>()]))
      for (let step = 0; step < 5; step++) {
        const input = { ...batch(step), learningRate: 0.01, seed: 0 }
        const gradients = model.gradients(input, names)
        const before = model.readState()
        model.step(input)
        const after = model.readState()
        for (const name of names) {
          const [old, own] = [before.get(`parameter/${name}`)!, joined.get(name)!]
          const salience = old.map((weight, i) => salienceOf[score](weight, gradients.get(name)![i]!))
          const changing = new Set<number>()
          for (const place of largest(salience, Math.floor(0.12 * old.length))) {
            if (!own.has(place) && own.size >= Math.floor(0.3 * old.length)) continue
            own.add(place)
            changing.add(place)
          }
          for (const key of [`parameter/${name}`, `momentum/${name}`]) {
            const [was, is] = [before.get(key)!, after.get(key)!]
            // Frozen is frozen, to the bit: decay and momentum too.
            const moved = is.findIndex((value, i) => !Object.is(value, was[i]) && !changing.has(i))
            expect(moved, `${key} of step ${step}`).toBe(-1)
            const stood = [...changing].filter(i => Object.is(is[i], was[i])).length
            expect(stood, `${key} of step ${step}`).toBeLessThan(0.02 * changing.size)
          }
          const marks = after.get(`joined/${name}`)!
          expect(marks.reduce((sum, mark) => sum + mark, 0)).toBe(own.size)
          expect(marks.every((mark, i) => mark === Number(own.has(i)))).toBe(true)
        }
      }
      for (const [name, own] of joined) {
        const size = weights().get(name)!.length
        expect(own.size).toBeLessThanOrEqual(Math.floor(0.3 * size))
        expect(own.size).toBeGreaterThanOrEqual(Math.floor(0.12 * size))
      }
    } finally {
      model.dispose()
    }
  })

  it('go on from a state to the same bits, and begin anew with the optimizer', () => {
    const salience = { parameters: new Set(kernels), score: 'product', keep: 0.2, perStep: 0.1 } as const
    const model = compile(engine, { optimizer: momentum, salience })
    const steps = (from: number, to: number) => {
      for (let step = from; step < to; step++) model.step({ ...batch(step), learningRate: 0.01, seed: 0 })
    }
    try {
      model.assign({ weights: weights(), masks: new Map() })
      steps(0, 2)
      const state = model.readState()
      steps(2, 4)
      const through = model.readState()
      model.assign({ weights: weights(), masks: new Map() })
      expect(
        model
          .readState()
          .get('joined/linear.weight')!
          .every(mark => mark === 0),
      ).toBe(true)
      model.assignState(state)
      steps(2, 4)
      expect(model.readState()).toEqual(through)
    } finally {
      model.dispose()
    }
  })
})
