/** A recipe as a person would have written it: without what holds anyway. */
import type { Recipe } from '../../../shared/recipe.ts'
import { type Stage, stages } from '../../../shared/stages.ts'
import { chosenKind, dataFields, type Field, fieldsOf, kindParameters } from './form-fields.ts'
import { isObject, type Json, type JsonObject } from './recipe-document.ts'

/** The value without its defaults; undefined where nothing is left to say. */
function shortValue(field: Field, value: Json): Json | undefined {
  if (field.kind === 'kinds') {
    const kind = chosenKind(field, value)
    const member = field.members.find(({ id }) => id === kind)
    if (kind === undefined || !member) return value
    const parameters = shortObject(member.fields, kindParameters(field, value))
    if (Object.keys(parameters).length > 0) return { [field.by]: kind, ...parameters }
    return kind === chosenKind(field, undefined) ? undefined : kind
  }
  if (field.kind === 'group' && isObject(value)) {
    const inside = shortObject(field.fields, value)
    // Where the group has no default, that it is there says something.
    return Object.keys(inside).length === 0 && field.initial !== undefined ? undefined : inside
  }
  return JSON.stringify(value) === JSON.stringify(field.initial) ? undefined : value
}

/** Keys that are no field stay as they are. */
const shortObject = (fields: readonly Field[], value: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]): [string, Json | undefined][] => {
      const field = fields.find(candidate => candidate.key === key)
      const short = field && inner !== undefined ? shortValue(field, inner) : inner
      return short === undefined ? [] : [[key, short]]
    }),
  )

export const shortStage = (stage: Stage): JsonObject =>
  shortObject(fieldsOf(stages[stage.use].schema, ['use']), stage as unknown as JsonObject)

export function shortRecipe(recipe: Recipe): JsonObject {
  const { stages: all, data, seeds, ...rest } = recipe
  return {
    ...(rest as unknown as JsonObject),
    data: shortObject(dataFields, data as unknown as JsonObject),
    ...((seeds.length > 1 || seeds[0] !== 0) && { seeds }),
    stages: all.map(shortStage),
  }
}
