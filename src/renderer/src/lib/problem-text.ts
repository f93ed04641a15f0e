/** Problems of a recipe in the words of the form: "Stage 2, Sparsity" instead of `stages[1].sparsity`. */
import type { RecipeProblem } from '../../../shared/recipe.ts'
import { stageUses } from '../../../shared/stages.ts'
import { dataFields, type Field, seedsField, stageFields } from './form-fields.ts'
import { type JsonObject, stagesOf } from './recipe-document.ts'

const labelIn = (fields: readonly Field[], key: string) => fields.find(field => field.key === key)?.label ?? key

/** Where it is; an unknown place keeps its path. */
export function placeOf(path: string, document: JsonObject): string {
  const stage = /^stages\[(\d+)\](?:\.(\w+))?/.exec(path)
  if (stage) {
    const index = Number(stage[1])
    const use = stageUses.find(known => known === stagesOf(document)[index]?.['use'])
    const key = stage[2]
    return `Stage ${index + 1}${key ? `, ${use ? labelIn(stageFields[use], key) : key}` : ''}`
  }
  if (path === 'model' || path.startsWith('model.')) return 'Model'
  if (path === 'data' || path === 'data.path') return 'Data'
  if (path.startsWith('data.')) return labelIn(dataFields, path.slice('data.'.length))
  if (path.startsWith('seeds')) return seedsField?.label ?? 'Seeds'
  if (path === 'name') return 'Name'
  if (path === 'stages') return 'Stages'
  return path
}

/** What is wrong, without the path in front: the place is shown beside it. */
export function wrongOf({ path, message }: RecipeProblem): string {
  const words = path && message.startsWith(`${path} `) ? message.slice(path.length + 1) : message
  return words.charAt(0).toUpperCase() + words.slice(1)
}
