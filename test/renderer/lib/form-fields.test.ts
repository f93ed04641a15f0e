import { describe, expect, it } from 'vitest'
import { dataFields, fieldsOf, seedsField, stageFields } from '../../../src/renderer/src/lib/form-fields.ts'
import { stages, stageUses } from '../../../src/shared/stages.ts'

describe('the form', () => {
  it.each(stageUses)('has a field with a label and help for every parameter of %s', use => {
    const fields = fieldsOf(stages[use].schema, ['use'])
    expect(fields.map(field => field.key)).toEqual(Object.keys(stages[use].parameters))
    for (const field of fields) {
      expect(field.label, field.key).not.toBe(field.key)
      expect(field.help, field.key).not.toBe('')
      expect(field.isRequired, `${field.key} is required, or says what holds without it`).toBe(
        field.initial === undefined,
      )
    }
  })

  it('takes ranges, units, defaults and choices from the schema', () => {
    const sparsity = stageFields.prune.find(field => field.key === 'sparsity')
    expect(sparsity).toMatchObject({
      kind: 'number',
      unit: 'share',
      minimum: 0,
      maximum: 1,
      isMaximumExclusive: true,
      isRequired: true,
    })
    const split = stageFields.evaluate.find(field => field.key === 'split')
    expect(split).toMatchObject({ kind: 'choice', initial: 'test' })
    expect(split?.choices.map(choice => choice.id)).toEqual(['train', 'validation', 'test'])
    expect(split?.choices.map(choice => choice.label)).toEqual(['Training', 'Validation', 'Test'])
    expect(dataFields.find(field => field.key === 'validation')).toMatchObject({
      initial: 0.1,
      maximum: 0.5,
      isMaximumExclusive: false,
    })
    expect(seedsField).toMatchObject({ key: 'seeds', kind: 'integers', initial: [0] })
  })
})
