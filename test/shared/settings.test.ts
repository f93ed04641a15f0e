import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { parseRecipe } from '../../src/shared/recipe.ts'
import { differingSettings, settingsOf } from '../../src/shared/settings.ts'
import { stages as declared, stageUses } from '../../src/shared/stages.ts'

const recipe = (...stages: object[]) =>
  parseRecipe({ name: 'Any', seeds: [3], model: { checkpoint: 'a.pt' }, data: { path: 'b' }, stages })
const ofStages = (...stages: object[]) => settingsOf(recipe(...stages)).filter(({ path }) => path.startsWith('stages['))
const said = (...stages: object[]) =>
  ofStages(...stages)
    .filter(({ isDefault }) => !isDefault)
    .map(({ path, value }) => `${path} ${value}`)
const differing = (...runs: object[][]) => differingSettings(runs.map(stages => settingsOf(recipe(...stages))))

describe('the settings of a recipe', () => {
  it('are all that it sets, to any depth, and tell what stands at its default', () => {
    const found = settingsOf(recipe({ use: 'evaluate', batch: 64 }))
    expect(found).toEqual([
      { path: 'model.checkpoint', value: 'a.pt', isDefault: false },
      { path: 'data.path', value: 'b', isDefault: false },
      { path: 'data.normalize', value: 'imagenet', isDefault: true },
      { path: 'data.augment', value: 'none', isDefault: true },
      { path: 'data.validation', value: '0.1', isDefault: true },
      { path: 'stages[0].use', value: 'evaluate', isDefault: false },
      { path: 'stages[0].split', value: 'test', isDefault: true },
      { path: 'stages[0].batch', value: '64', isDefault: false },
    ])
  })

  it('know the defaults of choices, of groups and of what is inside them', () => {
    expect(said({ use: 'train', epochs: 2 })).toEqual(['stages[0].use train', 'stages[0].epochs 2'])
    expect(said({ use: 'train', epochs: 2, optimizer: { kind: 'adam', lr: 0.001, beta1: 0.8 } })).toEqual([
      'stages[0].use train',
      'stages[0].epochs 2',
      'stages[0].optimizer.kind adam',
      'stages[0].optimizer.beta1 0.8',
    ])
    expect(said({ use: 'prune', sparsity: 0.5, train: { epochs: 3, schedule: 'cosine' } })).toEqual([
      'stages[0].use prune',
      'stages[0].sparsity 0.5',
      'stages[0].train.epochs 3',
      'stages[0].train.schedule.kind cosine',
    ])
    const federation = { use: 'federate', clients: 4, rounds: 2 }
    expect(said({ ...federation, pruning: 'gate', heterogeneity: { dropOut: 0.1 } })).toEqual([
      'stages[0].use federate',
      'stages[0].clients 4',
      'stages[0].rounds 2',
      'stages[0].pruning.mode gate',
      'stages[0].heterogeneity.dropOut 0.1',
    ])
  })

  it('take a list of numbers as one, layers of a table one by one', () => {
    const curves = { use: 'prune', sparsity: 0.5, allocation: 'lagrangian' }
    expect(said({ ...curves, fractions: [0.5, 0.75], floors: { conv1: 4, fc: 0.5 } })).toEqual([
      'stages[0].use prune',
      'stages[0].allocation lagrangian',
      'stages[0].sparsity 0.5',
      'stages[0].fractions 0.5, 0.75',
      'stages[0].floors.conv1 4',
      'stages[0].floors.fc 0.5',
    ])
  })

  it('leave out what says nothing for what the stage does, whoever wrote it', () => {
    const keys = (stage: object) => ofStages(stage).map(({ path }) => path.slice('stages[0].'.length))
    const prune = { use: 'prune', sparsity: 0.5, calibration: { images: 8 } }
    expect(keys(prune)).toEqual(['use', 'allocation', 'score', 'sparsity', 'minimumKeep', 'schedule.kind'])
    expect(keys({ ...prune, allocation: 'rate-distortion' })).toContain('calibration.images')
    expect(keys({ ...prune, score: 'taylor' })).toContain('gradientBatches')
    const federate = { use: 'federate', clients: 4, rounds: 2 }
    expect(keys(federate)).toContain('recalibrationBatches')
    expect(keys({ ...federate, batchNorm: 'averaged' })).not.toContain('recalibrationBatches')
  })
})

it.each(stageUses)('conditions of %s are on choices that it has', use => {
  const { parameters, sections } = declared[use]
  for (const { keys, when } of sections) {
    for (const key of keys) expect(Object.keys(parameters)).toContain(key)
    if (!when) continue
    const choice = (parameters as Readonly<Record<string, z.ZodType>>)[when.key]
    for (const value of when.is) expect(choice?.safeParse(value).success, value).toBe(true)
  }
})

describe('runs are told apart by', () => {
  const evaluate = { use: 'evaluate' }

  it('what is not the same in those that have the stage', () => {
    expect(differing([evaluate, { use: 'prune', sparsity: 0.5 }], [evaluate, { use: 'prune', sparsity: 0.7 }])).toEqual(
      ['stages[1].sparsity'],
    )
    expect(differing([evaluate], [evaluate])).toEqual([])
    // Each at the default of its own optimizer, and yet not the same.
    const lr = (optimizer: string) => [{ use: 'train', epochs: 1, optimizer }]
    expect(differing(lr('sgd'), lr('adam'))).toEqual(['stages[0].optimizer.kind', 'stages[0].optimizer.lr'])
  })

  it('a stage that only some have, and what was set in it', () => {
    const stage = { use: 'evaluate', split: 'train' }
    expect(differing([evaluate], [evaluate, stage])).toEqual(['stages[1].use', 'stages[1].split'])
  })

  it('a choice, not by the defaults of what comes with it', () => {
    const by = (allocation: string, more = {}) => [{ use: 'prune', sparsity: 0.5, allocation, ...more }]
    expect(differing(by('global'), by('rate-distortion'))).toEqual(['stages[0].allocation'])
    expect(differing(by('global'), by('rate-distortion', { calibration: { images: 64 } }))).toEqual([
      'stages[0].allocation',
      'stages[0].calibration.images',
    ])
    expect(differing(by('lagrangian'), by('lagrangian', { calibration: { images: 64 } }))).toEqual([
      'stages[0].calibration.images',
    ])
  })

  it('the stages that stand in one place, not by their defaults', () => {
    expect(differing([{ use: 'prune', sparsity: 0.5 }], [{ use: 'train', epochs: 4 }])).toEqual([
      'stages[0].use',
      'stages[0].sparsity',
      'stages[0].epochs',
    ])
  })
})
