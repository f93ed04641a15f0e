/** A target as a recipe: what was set while looking at curves, written into a prune stage. */
import type { Recipe } from '../../../shared/recipe.ts'
import type { StageOf } from '../../../shared/stages.ts'
import { describeStages, isObject, type JsonObject, stagesOf, withValue } from './recipe-document.ts'
import { shortRecipe, shortStage } from './short-recipe.ts'

/** What the curves and the target on them say; everything else of a stage is its own. */
const keys = [
  ...['allocation', 'score', 'sparsity', 'target', 'calibration', 'fractions', 'curve', 'monotone', 'budget'],
  ...['floors', 'locks'],
]

/** The recipe of the run, with the target in that stage, under a name that says so. */
export function recipeWithTarget(recipe: Recipe, index: number, target: StageOf<'prune'>): JsonObject {
  const document = withValue(shortRecipe(recipe), ['stages', index], shortStage(target)) as JsonObject
  return withValue(document, ['name'], describeStages(stagesOf(document))) as JsonObject
}

/** Where the target of another recipe goes: its first stage that prunes by curves, or that prunes at all. */
export function stageForTarget(document: JsonObject): number {
  const stages = stagesOf(document)
  const byCurves = stages.findIndex(({ allocation }) => allocation === 'rate-distortion' || allocation === 'lagrangian')
  return byCurves >= 0 ? byCurves : stages.findIndex(stage => stage['use'] === 'prune')
}

/** A copy of `document` with the target in its place; its training, schedule and all else stay. */
export function withTarget(document: JsonObject, target: StageOf<'prune'>): JsonObject {
  const index = stageForTarget(document)
  const stage = stagesOf(document)[index]
  if (!isObject(stage)) return document
  // An accuracy is found at once, before any training.
  const replaced = target.target?.kind === 'accuracy' ? [...keys, 'schedule'] : keys
  const own = Object.entries(stage).filter(([key]) => !replaced.includes(key))
  const set = Object.entries(shortStage(target)).filter(([key]) => keys.includes(key))
  return withValue(document, ['stages', index], Object.fromEntries([...own, ...set])) as JsonObject
}
