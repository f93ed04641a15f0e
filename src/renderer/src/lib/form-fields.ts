/** Form fields derived from the recipe's schemas; nothing about a parameter is said twice. */
import { z } from 'zod'
import { type KindKey, kindKeys } from '../../../shared/by-kind.ts'
import { recipeSchema } from '../../../shared/recipe.ts'
import { type Section, saysSomething } from '../../../shared/stage.ts'
import { type StageUse, stages, stageUses } from '../../../shared/stages.ts'
import { isObject, type Json, type JsonObject } from './recipe-document.ts'

export interface FieldChoice {
  readonly id: string
  readonly label: string
  readonly help?: string | undefined
}

interface CommonField {
  readonly key: string
  readonly label: string
  readonly help: string
  readonly isRequired: boolean
  /** What holds when the recipe says nothing. */
  readonly initial: Json | undefined
}

/** One value, by one control. */
export interface ValueField extends CommonField {
  readonly kind: 'number' | 'integer' | 'integers' | 'numbers' | 'named' | 'choice' | 'text' | 'boolean'
  readonly unit: string | undefined
  readonly suggests?: 'checkpoints' | undefined
  readonly minimum: number | undefined
  readonly maximum: number | undefined
  readonly isMaximumExclusive: boolean
  readonly choices: readonly FieldChoice[]
}

/** A choice whose members have fields of their own (`shared/by-kind.ts`). */
export interface KindField extends CommonField {
  readonly kind: 'kinds'
  /** The key that says which. */
  readonly by: KindKey
  readonly members: readonly (FieldChoice & { readonly fields: readonly Field[] })[]
}

/** Fields that are there together or not at all. */
export interface GroupField extends CommonField {
  readonly kind: 'group'
  readonly fields: readonly Field[]
}

/** Several objects with the same fields, one after the other. */
export interface ListField extends CommonField {
  readonly kind: 'list'
  readonly itemLabel: string
  /** Of each of them. */
  readonly fields: readonly Field[]
}

export type Field = ValueField | KindField | GroupField | ListField

/** The part of JSON Schema, with our own words (`label`, `help`, `unit`, `choices`), that a field is made of. */
const propertySchema = z.looseObject({
  type: z.string().optional(),
  label: z.string().optional(),
  help: z.string().optional(),
  unit: z.string().optional(),
  suggests: z.literal('checkpoints').optional(),
  default: z.json().optional(),
  const: z.json().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  enum: z.array(z.string()).optional(),
  choices: z.record(z.string(), z.object({ label: z.string(), help: z.string() })).optional(),
  get items() {
    return propertySchema.optional()
  },
  /** The schema of every value, of an object whose names are anybody's; false where it takes no more. */
  additionalProperties: z.unknown().optional(),
  get oneOf() {
    return z.array(propertySchema).optional()
  },
  get properties() {
    return z.record(z.string(), propertySchema).optional()
  },
  required: z.array(z.string()).default([]),
})
type Property = z.output<typeof propertySchema>

function valueKindOf(key: string, property: Property): ValueField['kind'] {
  if (property.enum) return 'choice'
  if (property.type === 'number' || property.type === 'integer' || property.type === 'boolean') return property.type
  if (property.type === 'string') return 'text'
  if (property.type === 'array' && property.items?.type === 'integer') return 'integers'
  if (property.type === 'array' && property.items?.type === 'number') return 'numbers'
  const { additionalProperties: each } = property
  if (property.type === 'object' && isObject(each) && each['type'] === 'number') return 'named'
  throw new Error(`The form has no field for "${key}" (${property.type}); add a kind to form-fields.ts`)
}

function fieldOf(key: string, property: Property, isRequired: boolean): Field {
  const initial = property.default as Json | undefined
  const common = { key, label: property.label ?? key, help: property.help ?? '', isRequired, initial }
  const nameIn = (option: Property, by: KindKey) => option.properties?.[by]?.const
  const by = kindKeys.find(candidate => property.oneOf?.some(option => nameIn(option, candidate) !== undefined))
  if (by) {
    const kinds = property.oneOf!.filter(option => nameIn(option, by) !== undefined)
    const members = kinds.map(member => {
      const id = String(nameIn(member, by))
      return { id, label: member.label ?? id, help: member.help, fields: propertyFields(member, [by]) }
    })
    return { ...common, kind: 'kinds', by, members }
  }
  if (property.properties) return { ...common, kind: 'group', fields: propertyFields(property) }
  if (property.items?.properties)
    return {
      ...common,
      kind: 'list',
      itemLabel: property.items.label ?? common.label,
      fields: propertyFields(property.items),
    }
  return {
    ...common,
    kind: valueKindOf(key, property),
    unit: property.unit,
    suggests: property.suggests,
    minimum: property.minimum,
    maximum: property.exclusiveMaximum ?? property.maximum,
    isMaximumExclusive: property.exclusiveMaximum !== undefined,
    choices: (property.enum ?? []).map(id => ({ id, label: id, ...property.choices?.[id] })),
  }
}

const propertyFields = ({ properties = {}, required }: Property, except: readonly string[] = []): Field[] =>
  Object.entries(properties)
    .filter(([key]) => !except.includes(key))
    .map(([key, property]) => fieldOf(key, property, required.includes(key)))

/** The fields of an object schema, in the order of its declaration, without those in `except`. */
export const fieldsOf = (schema: z.ZodType, except: readonly string[] = []): Field[] =>
  propertyFields(propertySchema.parse(z.toJSONSchema(schema, { io: 'input' })), except)

/** A choice among one is no choice; the JSON view still shows it. */
const isChoosable = (field: Field) => field.kind !== 'choice' || field.choices.length > 1

export const stageFields = Object.fromEntries(
  stageUses.map(use => [use, fieldsOf(stages[use].schema, ['use']).filter(isChoosable)]),
) as Record<StageUse, Field[]>

export interface FieldSection {
  readonly label: string
  readonly help: string | undefined
  readonly fields: readonly Field[]
}

/**
 * The fields of a stage as its declaration groups them: those of no section, then the sections in their own order. Where a section says
 * nothing for this stage, only what is set in it is left: it may be what is wrong.
 */
export function arrangeFields(
  fields: readonly Field[],
  declared: readonly Section[],
  value: JsonObject,
): { plain: Field[]; sections: FieldSection[] } {
  const standing = (key: string) => value[key] ?? fields.find(field => field.key === key)?.initial
  const has = (section: Section, { key }: Field) =>
    section.keys.includes(key) && (saysSomething(section, standing) || value[key] !== undefined)
  const inSection = (field: Field) => declared.some(section => section.label !== undefined && has(section, field))
  const isKnown = (field: Field) => declared.every(section => !section.keys.includes(field.key) || has(section, field))
  const sections = declared.flatMap(section => {
    const { label, help } = section
    const members = section.keys.flatMap(key => fields.filter(field => field.key === key && has(section, field)))
    return label === undefined || members.length === 0 ? [] : [{ label, help, fields: members }]
  })
  return { plain: fields.filter(field => isKnown(field) && !inSection(field)), sections }
}

/** Model and data are picked from the library, options of the reader are written in the JSON view; the rest are plain fields. */
export const dataFields = fieldsOf(recipeSchema.shape.data, ['path', 'reader']).filter(isChoosable)

/** Of fresh weights. */
export const freshModelFields = fieldsOf(recipeSchema.shape.model, ['checkpoint'])

/** Pairs, losses, and what is repeated. */
export const studyField = fieldsOf(recipeSchema, ['espalier', 'name', 'model', 'data', 'seeds', 'stages'])[0]

export const seedsField = fieldsOf(recipeSchema, ['espalier', 'name', 'model', 'data', 'stages', 'study'])[0]

/** The kind that a recipe says or that holds when it says none: it may stand alone, as a string. */
export function chosenKind(field: KindField, value: Json | undefined): string | undefined {
  const written = value ?? field.initial
  const kind = isObject(written) ? (written[field.by] ?? field.initial) : written
  return typeof kind === 'string' ? kind : undefined
}

/** What a kind says beside its name. */
export const kindParameters = ({ by }: KindField, value: Json | undefined): JsonObject => {
  const { [by]: _, ...parameters } = isObject(value) ? value : {}
  return parameters
}

const alwaysShown = 4

/** The first ones, and whatever is required or set; the others wait behind a fold, at their defaults. */
export function foldFields(fields: readonly Field[], value: JsonObject): { shown: Field[]; folded: Field[] } {
  const isShown = (field: Field, index: number) =>
    index < alwaysShown || field.isRequired || value[field.key] !== undefined
  return { shown: fields.filter(isShown), folded: fields.filter((field, i) => !isShown(field, i)) }
}
