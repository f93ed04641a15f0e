import { describe, expect, it } from 'vitest'
import {
  arrangeFields,
  chosenKind,
  dataFields,
  type Field,
  fieldsOf,
  foldFields,
  type KindField,
  kindParameters,
  seedsField,
  stageFields,
  studyField,
} from '../../../src/renderer/src/lib/form-fields.ts'
import { placeOf } from '../../../src/renderer/src/lib/problem-text.ts'
import { distortionParameters } from '../../../src/shared/distortion.ts'
import { unitBehind } from '../../../src/shared/plural.ts'
import { stages, stageUses } from '../../../src/shared/stages.ts'

/** A field and all that are inside it. */
const withInner = (field: Field): Field[] => [
  field,
  ...(field.kind === 'group' || field.kind === 'list' ? field.fields.flatMap(withInner) : []),
  ...(field.kind === 'kinds' ? field.members.flatMap(member => member.fields.flatMap(withInner)) : []),
]

describe('the form', () => {
  it.each(stageUses)('has a field with a label and help for every parameter of %s, to any depth', use => {
    const fields = fieldsOf(stages[use].schema, ['use'])
    expect(fields.map(field => field.key)).toEqual(Object.keys(stages[use].parameters))
    for (const field of fields.flatMap(withInner)) {
      expect(field.label, field.key).not.toBe(field.key)
      expect(field.help, field.key).not.toBe('')
      expect(field.isRequired && field.initial !== undefined, `${field.key} is required and has a default`).toBe(false)
    }
  })

  it('has a field for every part of a study, those of a loss as the stage declares them', () => {
    for (const field of [studyField!].flatMap(withInner)) {
      expect(field.label, field.key).not.toBe(field.key)
      expect(field.help, field.key).not.toBe('')
    }
    if (studyField?.kind !== 'group') throw new Error('a study is there or not')
    const [pairs, losses, repeat] = studyField.fields
    expect(pairs).toMatchObject({ kind: 'list', itemLabel: 'Pair', fields: [{ key: 'teacher' }, { key: 'student' }] })
    if (losses?.kind !== 'list') throw new Error('losses are a list')
    const ofStage = (key: string) => stageFields.distill.find(field => field.key === key)
    // What a study leaves out the stage says: there is no default.
    for (const field of losses.fields)
      expect({ ...field, initial: undefined, isRequired: false }).toEqual({
        ...ofStage(field.key),
        initial: undefined,
        isRequired: false,
      })
    expect(repeat).toMatchObject({ kind: 'choice', initial: 'all' })
  })

  it('has units that are right behind a one', () => {
    const all = [...stageUses.flatMap(use => stageFields[use]), ...dataFields, studyField!].flatMap(withInner)
    const units = all.flatMap(field => ('unit' in field && field.unit) || [])
    expect([...new Set(units.map(unit => unitBehind(1, unit)))].sort()).toEqual([
      ...['allocation', 'batch', 'byte', 'client', 'epoch', 'per client'],
      ...['round', 'sample', 'share', 'stage', 'step'],
    ])
  })

  it('takes ranges, units, defaults and choices from the schema', () => {
    const sparsity = stageFields.prune.find(field => field.key === 'sparsity')
    expect(sparsity).toMatchObject({ kind: 'number', unit: 'share', minimum: 0, maximum: 1, isMaximumExclusive: true })
    // A file size or an accuracy may stand in its place.
    expect(sparsity?.isRequired).toBe(false)
    expect(stageFields.train.find(field => field.key === 'epochs')?.isRequired).toBe(true)
    const split = stageFields.evaluate.find(field => field.key === 'split')
    if (split?.kind !== 'choice') throw new Error('split is a choice')
    expect(split.initial).toBe('test')
    expect(split.choices.map(choice => choice.id)).toEqual(['train', 'validation', 'test'])
    expect(split.choices.map(choice => choice.label)).toEqual(['Training', 'Validation', 'Test'])
    const validation = dataFields.find(field => field.key === 'validation')
    expect(validation).toMatchObject({ initial: 0.1, maximum: 0.5, isMaximumExclusive: false })
    expect(seedsField).toMatchObject({ key: 'seeds', kind: 'integers', initial: [0] })
  })

  it('reads a kind as a word, as an object, and as the default', () => {
    const schedule: KindField = {
      ...{
        key: 'schedule',
        kind: 'kinds',
        by: 'kind',
        label: 'Schedule',
        help: 'How.',
        isRequired: false,
        initial: 'constant',
      },
      members: [
        { id: 'constant', label: 'Constant', fields: [] },
        { id: 'cosine', label: 'Cosine', fields: [] },
      ],
    }
    expect(chosenKind(schedule, undefined)).toBe('constant')
    expect(chosenKind(schedule, 'cosine')).toBe('cosine')
    expect(chosenKind(schedule, { kind: 'cosine', minimum: 0.1 })).toBe('cosine')
    expect(chosenKind(schedule, { minimum: 0.1 })).toBe('constant')
    expect(kindParameters(schedule, { kind: 'cosine', minimum: 0.1 })).toEqual({ minimum: 0.1 })
    expect(kindParameters(schedule, 'cosine')).toEqual({})
  })

  it('groups what a stage says, and leaves out what says nothing for it unless it is set', () => {
    const keysOf = (value: object) => {
      const { plain, sections } = arrangeFields(stageFields.prune, stages.prune.sections, { use: 'prune', ...value })
      return [plain, ...sections.map(({ fields }) => fields)].map(fields => fields.map(({ key }) => key))
    }
    const plain = ['allocation', 'score', 'sparsity', 'target', 'minimumKeep']
    expect(keysOf({})).toEqual([plain, ['schedule', 'train']])
    const [, curves, time] = keysOf({ allocation: 'lagrangian' })
    expect(curves?.slice(0, 5)).toEqual(['budget', 'curve', 'floors', 'locks', 'calibration'])
    expect(new Set(curves)).toEqual(new Set(Object.keys(distortionParameters)))
    expect(time).toEqual(['schedule', 'train'])
    expect(keysOf({ score: 'taylor' })[0]).toEqual([...plain, 'gradientBatches'])
    expect(keysOf({ locks: { conv1: 0 } })).toEqual([plain, ['locks'], ['schedule', 'train']])
  })

  it('folds away what is neither first, nor required, nor set', () => {
    const field = (key: string, isRequired = false): Field => ({
      ...{ key, kind: 'text', label: key, help: key, isRequired, initial: undefined, unit: undefined },
      ...{ minimum: undefined, maximum: undefined, isMaximumExclusive: false, choices: [] },
    })
    const fields = [...'abcd'].map(key => field(key)).concat(field('e', true), field('f'), field('g'))
    const { shown, folded } = foldFields(fields, { g: 'set' })
    expect([shown, folded].map(some => some.map(f => f.key).join(''))).toEqual(['abcdeg', 'f'])
  })

  it('finds the words for any place in a stage', () => {
    const document = { stages: [{ use: 'evaluate' }, { use: 'prune' }] }
    expect(placeOf('stages[1].sparsity', document)).toBe('Stage 2, Sparsity')
    expect(placeOf('stages[1].nonsense.deep', document)).toBe('Stage 2, nonsense.deep')
    expect(placeOf('stages[1]', document)).toBe('Stage 2')
    expect(placeOf('study', document)).toBe('Study')
    expect(placeOf('study.losses[1].alpha', document)).toBe('Study, Loss 2, Alpha')
    expect(placeOf('study.pairs[0].teacher.run', document)).toBe('Study, Pair 1, Teacher, Run')
    expect(placeOf('stages[1].taps[2]', { stages: [{}, { use: 'distill' }] })).toBe('Stage 2, Taps')
  })
})
