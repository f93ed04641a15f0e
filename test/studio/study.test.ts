import { expect, it } from 'vitest'
import { parseRecipe } from '../../src/shared/recipe.ts'
import type { StageResultOf } from '../../src/shared/stages.ts'
import { twinKeys } from '../../src/studio/identity.ts'
import type { StoredRun } from '../../src/studio/project/runs.ts'
import { resolvePaths } from '../../src/studio/recipe-paths.ts'
import { studyOf } from '../../src/studio/study.ts'
import { studyMembers, studyRecipes } from '../../src/studio/study-recipes.ts'
import { bestOf } from '../../src/studio/study-selection.ts'

const recipeOf = (more: object = {}, stage: object = {}) =>
  parseRecipe({
    name: 'Study',
    model: { architecture: 'resnet8-a' },
    data: { path: 'cifar' },
    stages: [{ use: 'distill', teacher: { checkpoint: 'a.th' }, epochs: 2, ...stage }],
    ...more,
  })

const score = { correct: 0, total: 1, loss: 1, agreement: 0.5, kl1: 1, kl4: 0.1, classes: [] }

function run(number: number, seed: number, top1: number, twinTop1: number, stage: object = {}): StoredRun {
  const result: StageResultOf<'distill'> = {
    ...score,
    top1,
    trainableParams: 1,
    epochs: [],
    kept: 1,
    stoppedEarly: false,
    zeros: 0,
    weights: 1,
    split: 'test',
    choose: 'validation',
    clipping: 'together',
    teacher: { ...score, name: 'a.th', architecture: 'resnet20-a', top1: 0.8, valTop1: null },
    twin: { correct: 0, total: 1, loss: 1, classes: [], top1: twinTop1, epochs: [], kept: 1, stoppedEarly: false },
    gain: top1 - twinTop1,
    notes: [],
  }
  const stages = [
    {
      index: 0,
      use: 'distill' as const,
      state: 'finished' as const,
      startedAt: 0,
      seconds: 1,
      cached: false,
      outcome: { use: 'distill' as const, result },
    },
  ]
  return {
    ownerId: 'me',
    recipe: recipeOf({}, stage),
    again: false,
    stopRequested: false,
    device: null,
    progress: null,
    inputs: null,
    summary: {
      id: String(number),
      number,
      name: 'Study',
      seed,
      state: 'finished',
      identity: null,
      recipeId: null,
      triedBy: null,
      createdAt: 0,
      startedAt: 0,
      endedAt: 1,
      error: null,
      stages,
    },
  }
}

it('sums seeds up, by hand, and calls what seeds explain noise', () => {
  const { rows } = studyOf([
    run(3, 2, 0.53, 0.51),
    run(1, 0, 0.51, 0.5),
    run(2, 1, 0.55, 0.52),
    // The same seed once more counts once.
    run(4, 0, 0.51, 0.5),
  ])
  expect(rows).toHaveLength(1)
  const [row] = rows
  expect(row).toMatchObject({ student: 'resnet8-a', loss: 'logit, alpha 0.7, T 4', teacherTop1: 0.8 })
  expect(row!.seeds.map(({ seed, run: number }) => [seed, number])).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
  ])
  expect(row!.top1.mean).toBeCloseTo(0.53, 12)
  expect(row!.top1.sd).toBeCloseTo(0.02, 12)
  expect(row!.twin.sd).toBeCloseTo(0.01, 12)
  expect(row!.gain).toBeCloseTo(0.02, 12)
  // Variances of the means 4e-4/3 and 1e-4/3: t = .02 / sqrt(5e-4/3), df = 25/9 / (16/9/2 + 1/9/2).
  expect(row!.welch!.t).toBeCloseTo(0.02 / Math.sqrt(5e-4 / 3), 10)
  expect(row!.welch!.df).toBeCloseTo(50 / 17, 10)
  expect(row!.verdict).toBe('noise')
})

it('a gain is one that the test sees, and one seed tells nothing', () => {
  const clear = studyOf([run(1, 0, 0.6, 0.5), run(2, 1, 0.602, 0.501), run(3, 2, 0.598, 0.499)])
  expect(clear.rows[0]!.verdict).toBe('gain')
  expect(studyOf([run(1, 0, 0.5, 0.6), run(2, 1, 0.502, 0.601)]).rows[0]!.verdict).toBe('loss')
  expect(studyOf([run(1, 0, 0.6, 0.5)]).rows[0]).toMatchObject({ verdict: 'untested', top1: { n: 1, sd: null } })
})

it('settings that differ are rows of their own', () => {
  const { rows } = studyOf([
    run(1, 0, 0.6, 0.5),
    run(2, 0, 0.6, 0.5, { loss: 'feature', taps: [1, 2], clipping: 'student-only' }),
    run(3, 0, 0.6, 0.5, { choose: 'test' }),
  ])
  expect(rows.map(({ loss }) => loss)).toEqual([
    'logit, alpha 0.7, T 4',
    'feature, alpha 0.7, beta 0.5, taps 1 2, projections left out of clipping',
    'logit, alpha 0.7, T 4',
  ])
})

const study = {
  pairs: [
    { teacher: { checkpoint: 'a.th' }, student: { architecture: 'resnet8-a' } },
    { teacher: { run: 3 }, student: { checkpoint: 'b.th' } },
  ],
  losses: [{ loss: 'logit', temperature: 2 }, { loss: 'feature' }, { loss: 'feature', alpha: 0.3 }],
}

it('a recipe with a study stands for one of each pair and loss', () => {
  const recipes = studyRecipes(resolvePaths(recipeOf({ study, seeds: [0, 1] }), '/at'))
  expect(recipes.map(({ name }) => name)).toEqual([
    'Study · a.th to resnet8-a · logits T 2',
    'Study · a.th to resnet8-a · features',
    'Study · a.th to resnet8-a · features alpha 0.3',
    'Study · run 3 to b.th · logits T 2',
    'Study · run 3 to b.th · features',
    'Study · run 3 to b.th · features alpha 0.3',
  ])
  expect(recipes[3]).toMatchObject({
    model: { checkpoint: '/at/b.th' },
    seeds: [0, 1],
    stages: [{ teacher: { run: 3 }, loss: 'logit', temperature: 2, alpha: 0.7 }],
  })
  expect(recipes[0]!.stages[0]).toMatchObject({ teacher: { checkpoint: '/at/a.th' } })
  expect(recipes.every(recipe => !('study' in recipe))).toBe(true)
  expect(studyRecipes(recipeOf())).toEqual([recipeOf()])
})

it('losses that differ in anything have names that differ', () => {
  const feature = { loss: 'feature' }
  const losses = [
    feature,
    { ...feature, beta: 1 },
    { ...feature, taps: [1, 3] },
    { ...feature, teacherScaling: true },
    { ...feature, clipping: 'student-only' },
  ]
  expect(studyRecipes(recipeOf({ study: { losses } })).map(({ name }) => name)).toEqual([
    'Study · features',
    'Study · features beta 1',
    'Study · features taps 1 3',
    'Study · features scaled',
    'Study · features projections left out of clipping',
  ])
})

const taught = (number: number, valTop1: number | null, top1 = 0.5): StoredRun => {
  const stored = run(number, 0, top1, 0.5)
  const [stage] = stored.summary.stages
  const { outcome } = stage!
  if (outcome?.use !== 'distill') throw new Error('a distillation was made')
  const epoch = { loss: 1, trainTop1: 0, valLoss: 1, learningRate: 0.1, sparsity: 0, seconds: 1 }
  // The second epoch was kept; the third did better, on samples that nobody looked at.
  const epochs = [0.1, valTop1, 0.99].map((share, i) => ({ epoch: i + 1, ...epoch, valTop1: share }))
  const result = { ...outcome.result, epochs, kept: 2 }
  const stages = [{ ...stage!, outcome: { ...outcome, result } }]
  return { ...stored, summary: { ...stored.summary, stages } }
}

it('of the settings of a loss the best on the samples that choose is repeated, not the best that is reported', () => {
  const runs = [taught(1, 0.4, 0.9), taught(2, 0.6, 0.2), taught(3, 0.6, 0.8), taught(4, null, 0.9)]
  const now = (id: string) => runs.find(({ summary }) => summary.id === id)!.summary
  const candidates = runs.map(({ summary }) => ({ run: summary }))
  expect(bestOf(candidates, now)).toMatchObject({ run: { number: 2 }, top1: 0.6 })
  expect(bestOf(candidates.slice(3), now)).toBeUndefined()
  const stopped = (id: string) => (id === '3' ? { ...now(id), state: 'stopped' as const } : now(id))
  expect(bestOf(candidates, stopped)).toBeUndefined()
  expect(studyOf(runs.slice(1, 2)).rows[0]!.chosenTop1).toEqual({ n: 1, mean: 0.6, sd: null })
})

it('the settings that differ in more than their numbers are chosen apart', () => {
  const members = studyMembers(recipeOf({ study: { ...study, repeat: 'best' } }))
  expect(members.map(({ group }) => group)).toEqual([
    '0 logit',
    '0 feature',
    '0 feature',
    '1 logit',
    '1 feature',
    '1 feature',
  ])
  const blind = { data: { path: 'cifar', validation: 0 }, study: { losses: study.losses, repeat: 'best' } }
  expect(() => recipeOf(blind)).toThrow('study.repeat needs validation samples to choose by')
  expect(recipeOf(blind, { choose: 'test' }).study?.repeat).toBe('best')
})

it('twins of one student, seed and training are one, whatever teaches and how', () => {
  const keyOf = (stage: object, more: object = {}) =>
    twinKeys({
      recipe: recipeOf(more, stage),
      seed: 0,
      dataFingerprint: 'd',
      weightsFingerprint: null,
      architecture: 'resnet8-a',
      engineVersion: 'e',
      teachers: new Map([[0, 'teacher']]),
    }).get(0)
  const key = keyOf({})
  expect(keyOf({ loss: 'feature', alpha: 0.1, teacher: { run: 1 }, clipping: 'student-only' })).toBe(key)
  expect(keyOf({ epochs: 3 })).not.toBe(key)
  expect(keyOf({ choose: 'test' })).not.toBe(key)
  expect(keyOf({}, { data: { path: 'cifar', augment: 'crop-flip' } })).not.toBe(key)
})
