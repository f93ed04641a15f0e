import { describe, expect, it } from 'vitest'
import { type LearningRate, learningRateAt } from '../../../src/core/training/learning-rate.ts'
import { type LearningRateScheduleId, learningRateSchedules } from '../../../src/core/training/schedules.ts'

const base: LearningRate = {
  schedule: 'constant',
  per: 'epoch',
  lr: 0.1,
  epochs: 10,
  warmUpEpochs: 0,
  minimum: 0,
  milestones: [],
  factor: 0.1,
}
const perEpoch = (options: Partial<LearningRate>, epochs: readonly number[]) =>
  epochs.map(epoch => Number(learningRateAt({ ...base, ...options }, epoch, 0, 4).toFixed(10)))
const perStep = (options: Partial<LearningRate>, steps: readonly number[]) =>
  steps.map(step =>
    Number(learningRateAt({ ...base, per: 'step', ...options }, Math.floor(step / 4), step % 4, 4).toFixed(10)),
  )

describe('learning rates', () => {
  it('constant', () => expect(perEpoch({}, [0, 9])).toEqual([0.1, 0.1]))

  it('cosine by the epoch, down to a minimum (five-systems 1b)', () => {
    // As PyTorch 2.13 gives: CosineAnnealingLR(T_max=100, eta_min=1e-4).
    const options = { schedule: 'cosine', epochs: 100, minimum: 1e-4 } as const
    expect(perEpoch(options, [0, 25, 50, 75, 99])).toEqual([0.1, 0.0853699837, 0.05005, 0.0147300163, 0.0001246473])
  })

  it('cosine by the step', () => {
    // After t of 40 steps: .1 (1 + cos(pi t / 40)) / 2
    const expected = [0, 1, 10, 20, 39].map(t => Number((0.05 * (1 + Math.cos((Math.PI * t) / 40))).toFixed(10)))
    expect(perStep({ schedule: 'cosine' }, [0, 1, 10, 20, 39])).toEqual(expected)
  })

  it('linear: lr (1 - e / E)', () => {
    expect(perEpoch({ schedule: 'linear' }, [0, 1, 5, 9])).toEqual([0.1, 0.09, 0.05, 0.01])
    expect(perStep({ schedule: 'linear', minimum: 0.02 }, [0, 1, 20])).toEqual([0.1, 0.098, 0.06])
  })

  it('step: a tenth from epoch 80 and again from 120 (five-systems 5b)', () => {
    const options = { schedule: 'step', epochs: 160, milestones: [80, 120] } as const
    expect(perEpoch(options, [0, 79, 80, 119, 120, 159])).toEqual([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
    expect(perStep({ ...options, milestones: [1.5], factor: 0.5 }, [5, 6])).toEqual([0.1, 0.05])
  })

  it('warms up by the epoch, then runs the schedule over the rest (STR: 5 epochs, then cosine)', () => {
    const options = { schedule: 'cosine', epochs: 15, warmUpEpochs: 5 } as const
    expect(perEpoch(options, [0, 1, 4, 5, 10])).toEqual([0.02, 0.04, 0.1, 0.1, 0.05])
    expect(perEpoch({ ...options, schedule: 'step', milestones: [6] }, [4, 5, 6])).toEqual([0.1, 0.1, 0.01])
  })

  it('warms up by the step', () => {
    const options = { schedule: 'linear', warmUpEpochs: 2 } as const
    expect(perStep(options, [0, 1, 7, 8, 24])).toEqual([0.0125, 0.025, 0.1, 0.1, 0.05])
    expect(perEpoch({ warmUpEpochs: 0.5 }, [0, 1])).toEqual([0.1, 0.1])
  })

  it('stays above 0 and at most lr at every step of any schedule', () => {
    for (const schedule of Object.keys(learningRateSchedules) as LearningRateScheduleId[])
      for (const per of ['epoch', 'step'] as const)
        for (const warmUpEpochs of [0, 1, 2.5])
          for (let step = 0; step < 40; step++) {
            const options = { ...base, schedule, per, warmUpEpochs, milestones: [3, 7] }
            const rate = learningRateAt(options, Math.floor(step / 4), step % 4, 4)
            expect(rate).toBeGreaterThan(0)
            expect(rate).toBeLessThanOrEqual(0.1)
            // By the epoch means that all steps of an epoch share a rate.
            if (per === 'epoch') expect(rate).toBe(learningRateAt(options, Math.floor(step / 4), 0, 4))
          }
  })
})
