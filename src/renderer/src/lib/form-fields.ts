/** Form fields derived from the recipe's schemas; nothing about a parameter is said twice. */
import { z } from 'zod'
import { recipeSchema } from '../../../shared/recipe.ts'
import { type StageUse, stages, stageUses } from '../../../shared/stages.ts'
import type { Json } from './recipe-document.ts'

export interface FieldChoice {
  readonly id: string
  readonly label: string
  readonly help?: string | undefined
}

export interface Field {
  readonly key: string
  readonly kind: 'number' | 'integer' | 'integers' | 'choice' | 'text'
  readonly label: string
  readonly help: string
  readonly unit: string | undefined
  readonly isRequired: boolean
  /** What holds when the recipe says nothing. */
  readonly initial: Json | undefined
  readonly minimum: number | undefined
  readonly maximum: number | undefined
  readonly isMaximumExclusive: boolean
  readonly choices: readonly FieldChoice[]
}

/** The part of JSON Schema, with our own words (`label`, `help`, `unit`, `choices`), that a field is made of. */
const propertySchema = z.looseObject({
  type: z.string().optional(),
  label: z.string().optional(),
  help: z.string().optional(),
  unit: z.string().optional(),
  default: z.json().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  enum: z.array(z.string()).optional(),
  choices: z.record(z.string(), z.object({ label: z.string(), help: z.string() })).optional(),
  items: z.looseObject({ type: z.string().optional() }).optional(),
})
type Property = z.output<typeof propertySchema>

const objectSchema = z.looseObject({
  properties: z.record(z.string(), propertySchema),
  required: z.array(z.string()).default([]),
})

function kindOf(key: string, property: Property): Field['kind'] {
  if (property.enum) return 'choice'
  if (property.type === 'number' || property.type === 'integer') return property.type
  if (property.type === 'string') return 'text'
  if (property.type === 'array' && property.items?.type === 'integer') return 'integers'
  throw new Error(`The form has no field for "${key}" (${property.type}); add a kind to form-fields.ts`)
}

/** The fields of an object schema, in the order of its declaration, without those in `except`. */
export function fieldsOf(schema: z.ZodType, except: readonly string[] = []): Field[] {
  const { properties, required } = objectSchema.parse(z.toJSONSchema(schema, { io: 'input' }))
  return Object.entries(properties)
    .filter(([key]) => !except.includes(key))
    .map(([key, property]) => ({
      key,
      kind: kindOf(key, property),
      label: property.label ?? key,
      help: property.help ?? '',
      unit: property.unit,
      isRequired: required.includes(key),
      initial: property.default as Json | undefined,
      minimum: property.minimum,
      maximum: property.exclusiveMaximum ?? property.maximum,
      isMaximumExclusive: property.exclusiveMaximum !== undefined,
      choices: (property.enum ?? []).map(id => ({
        id,
        label: property.choices?.[id]?.label ?? id,
        help: property.choices?.[id]?.help,
      })),
    }))
}

/** A choice among one is no choice; the JSON view still shows it. */
const isChoosable = (field: Field) => field.kind !== 'choice' || field.choices.length > 1

export const stageFields = Object.fromEntries(
  stageUses.map(use => [use, fieldsOf(stages[use].schema, ['use']).filter(isChoosable)]),
) as Record<StageUse, Field[]>

/** Model and data are picked from the library; what else `data` holds is a plain field. */
export const dataFields = fieldsOf(recipeSchema.shape.data, ['path']).filter(isChoosable)

export const seedsField = fieldsOf(recipeSchema, ['espalier', 'name', 'model', 'data', 'stages'])[0]
