/** Problems of a recipe in the words of the form: "Stage 2, Sparsity" instead of `stages[1].sparsity`. */
import type { RecipeProblem } from '../../../shared/recipe.ts'
import { stageUses } from '../../../shared/stages.ts'
import { dataFields, type Field, seedsField, stageFields, studyField } from './form-fields.ts'
import { type JsonObject, stagesOf } from './recipe-document.ts'

/** The labels along `keys`; of a choice with fields of its own, of whichever member has the key. */
function labelsOf(fields: readonly Field[], [key, ...rest]: readonly string[]): string[] {
  // The kind of a choice is the choice itself.
  if (key === undefined) return []
  const [, name, index] = /^(.*?)(?:\[(\d+)\])?$/.exec(key)!
  const field = fields.find(candidate => candidate.key === name)
  if (!field) return [[key, ...rest].join('.')]
  if (field.kind === 'group') return [field.label, ...labelsOf(field.fields, rest)]
  if (field.kind === 'list' && index !== undefined)
    return [`${field.itemLabel} ${Number(index) + 1}`, ...labelsOf(field.fields, rest)]
  // The kind of a choice is the choice itself.
  if (field.kind !== 'kinds' || rest[0] === field.by) return [field.label]
  return [
    field.label,
    ...labelsOf(
      field.members.flatMap(member => member.fields),
      rest,
    ),
  ]
}

/** Where it is; an unknown place keeps its path. */
export function placeOf(path: string, document: JsonObject): string {
  const stage = /^stages\[(\d+)\]\.?(.*)$/.exec(path)
  if (stage) {
    const index = Number(stage[1])
    const use = stageUses.find(known => known === stagesOf(document)[index]?.['use'])
    const keys = (stage[2] ?? '').split('.').filter(Boolean)
    return [`Stage ${index + 1}`, ...labelsOf(use ? stageFields[use] : [], keys)].join(', ')
  }
  if (path === 'model' || path.startsWith('model.')) return 'Model'
  if (path === 'data' || path === 'data.path') return 'Data'
  if (path.startsWith('data.')) return labelsOf(dataFields, path.split('.').slice(1)).join(', ')
  if (path.startsWith('seeds')) return seedsField?.label ?? 'Seeds'
  if (path === 'name') return 'Name'
  if (path.startsWith('study') && studyField) return labelsOf([studyField], path.split('.')).join(', ')
  if (path === 'stages') return 'Stages'
  return path
}

/** What is wrong, without the path in front: the place is shown beside it. */
export function wrongOf({ path, message }: RecipeProblem): string {
  const words = path && message.startsWith(`${path} `) ? message.slice(path.length + 1) : message
  return words.charAt(0).toUpperCase() + words.slice(1)
}
