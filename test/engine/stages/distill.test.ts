import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { modelToBytes } from '../../../src/formats/model-file.ts'
import type { RecipeInput } from '../../../src/shared/recipe.ts'
import { curve, lastModel, ofType, outcomes, resultOf, run } from '../run-jobs.ts'
import { createJob, temporaryFolder, writeCifar } from '../small-data.ts'

const folder = temporaryFolder()
let data: string
let teacher: string
beforeAll(() => {
  data = writeCifar(folder, { train: 60, test: 20 })
  const graph = architectureOf('resnet8-a-w2')
  teacher = join(folder, 'teacher.safetensors')
  writeFileSync(
    teacher,
    modelToBytes({ architecture: 'resnet8-a-w2', graph, weights: initialise(graph, 7), masks: new Map() }),
  )
})
afterAll(() => rmSync(folder, { recursive: true }))

/** 54 training and 6 validation samples: 4 steps of 16 an epoch. */
const distil = (more: object = {}) =>
  ({
    use: 'distill',
    teacher: { checkpoint: teacher },
    epochs: 2,
    batch: 16,
    optimizer: { kind: 'sgd', lr: 0.05 },
    ...more,
  }) as RecipeInput['stages'][number]
const job = (stages: RecipeInput['stages'], more: Parameters<typeof createJob>[3] = {}) =>
  createJob(folder, data, stages, { ...more, data: { augment: 'crop-flip', ...more.data } })

describe('distill', () => {
  it.each(['logit', 'feature'] as const)('%s: student, teacher and twin, scored on one split', async loss => {
    const { messages, error } = await run(job([distil({ loss }), { use: 'evaluate' }]))
    expect(error).toBeUndefined()
    const [distilled, scored] = outcomes(messages)
    const result = resultOf(distilled, 'distill')
    const { correct, loss: entropy, classes } = resultOf(scored, 'evaluate')
    expect(result).toMatchObject({ correct, split: 'test', total: 20, trainableParams: 75_290, choose: 'validation' })
    expect(result.loss).toBeCloseTo(entropy, 4)
    expect(result.classes).toEqual(classes)
    expect(result.teacher).toMatchObject({ name: 'teacher.safetensors', agreement: 1, kl1: 0, kl4: 0, total: 20 })
    expect(result.gain).toBe(result.top1 - result.twin.top1)
    expect(result.twin.epochs).toHaveLength(2)
    expect(result.kl1).toBeGreaterThan(0)

    const parts = loss === 'logit' ? ['crossEntropy', 'logitLoss'] : ['crossEntropy', 'featureLoss', 'cosineLoss']
    const losses = curve(messages, 'loss')
    expect(losses).toHaveLength(8)
    const sums = losses.map((_, i) => parts.reduce((sum, part) => sum + curve(messages, part)[i]![1], 0))
    for (const [i, [, value]] of losses.entries()) expect(sums[i]).toBeCloseTo(value, 4)
    expect(curve(messages, 'twin.loss').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(curve(messages, 'twin.valTop1').map(([, value]) => value)).toEqual(
      result.twin.epochs.map(({ valTop1 }) => valTop1),
    )
    expect(curve(messages, 'agreement')).toHaveLength(2)
    expect(curve(messages, 'gap')[0]![1]).toBeCloseTo(result.teacher.valTop1! - result.epochs[0]!.valTop1!, 12)
    const norms = ['gradientNorm', 'gradientNorm.student', 'gradientNorm.projections'].map(name =>
      curve(messages, name),
    )
    for (const [i, [, all]] of norms[0]!.entries())
      expect(Math.hypot(norms[1]![i]![1], norms[2]![i]![1])).toBeCloseTo(all, 3)
    expect(norms[2]!.every(([, norm]) => norm > 0)).toBe(loss === 'feature')
    // What is kept is the student alone.
    expect([...lastModel(messages).weights.keys()]).toEqual(Object.keys(architectureOf('resnet8-a').parameters))
  })

  it('has the twin that alpha 0 is, shares it, and does not train one that is known', async () => {
    const first = await run(job([distil({ alpha: 0 })]))
    const result = resultOf(outcomes(first.messages)[0], 'distill')
    for (const [i, { loss, trainTop1, valTop1 }] of result.epochs.entries())
      expect(result.twin.epochs[i]).toMatchObject({ loss, trainTop1, valTop1 })
    expect(result.gain).toBe(0)
    const known = { ...result.twin, top1: 0.05 }
    const second = await run(job([distil({ loss: 'feature' })], { twins: { 0: { key: 'k', known } } }))
    expect(resultOf(outcomes(second.messages)[0], 'distill')).toMatchObject({ twin: known, twinKey: 'k' })
    expect(curve(second.messages, 'twin.loss')).toEqual([])
    const progress = ofType(second.messages, 'progress')
    expect(progress.at(-1)).toMatchObject({ total: 2 * 54 })
  })

  it('learns from the model of an earlier stage, and keeps pruned weights at zero', async () => {
    const stages = [
      { use: 'evaluate' },
      { use: 'prune', sparsity: 0.6 },
      distil({ teacher: { stage: 0 }, loss: 'feature' }),
    ] as RecipeInput['stages']
    const { messages, error } = await run(job(stages))
    expect(error).toBeUndefined()
    const [scored, pruned, distilled] = outcomes(messages)
    const { teacher: master, zeros } = resultOf(distilled, 'distill')
    expect(master).toMatchObject({
      name: 'the model after stage 1, evaluate',
      correct: resultOf(scored, 'evaluate').correct,
    })
    expect(zeros).toBe(resultOf(pruned, 'prune').zeros)
  })

  it('does not ask a teacher twice that is asked the same in every epoch', async () => {
    for (const loss of ['logit', 'feature'] as const) {
      const { messages, error } = await run(job([distil({ loss })], { data: { augment: 'none' } }))
      expect(error).toBeUndefined()
      expect(curve(messages, 'loss').every(([, value]) => Number.isFinite(value))).toBe(true)
    }
  })

  it('chooses on test only where the recipe says so, and says that the result is too high then', async () => {
    const { messages } = await run(job([distil({ choose: 'test' })], { data: { validation: 0 } }))
    const result = resultOf(outcomes(messages)[0], 'distill')
    expect(result.choose).toBe('test')
    expect(result.notes.join()).toContain('too high')
    expect(result.top1).toBeCloseTo(result.epochs[result.kept - 1]!.valTop1!, 10)
  })
})
