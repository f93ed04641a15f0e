/** What is wrong with a recipe beyond its form: files that are not there, a network that does not fit the data. */
import { existsSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { architectureOf } from '../core/architectures.ts'
import { EspalierError } from '../shared/errors.ts'
import { checkRecipe, type Recipe, type RecipeProblem } from '../shared/recipe.ts'
import { requireFit, requireNormalization, requireNormsToSet, requireTrainable } from './inputs.ts'
import { partitionPathOf } from './partition-inputs.ts'
import type { Project } from './project/project.ts'
import { resolvePaths } from './recipe-paths.ts'
import { requireRunTeacher } from './teachers.ts'

/** Every problem that can be seen without reading a file. `folder` is what relative paths are relative to. */
export function recipeProblems(document: unknown, project: Project, folder: string): RecipeProblem[] {
  const { recipe, problems } = checkRecipe(document)
  return recipe ? problemsOf(resolvePaths(recipe, folder), project) : problems
}

function problemsOf(recipe: Recipe, project: Project): RecipeProblem[] {
  const { model, data, stages } = recipe
  const problems: RecipeProblem[] = []
  const add = (path: string, message: string, hint?: string) =>
    problems.push({ path, message, code: 'recipe.invalid', ...(hint !== undefined && { hint }) })
  const attempt = (path: string, work: () => void) => {
    try {
      work()
    } catch (thrown) {
      if (!(thrown instanceof EspalierError)) throw thrown
      add(path, thrown.message, thrown.hint)
    }
  }
  if (!existsSync(data.path)) add('data.path', `There is no file or folder ${data.path}.`)
  if (model.checkpoint !== undefined && !existsSync(model.checkpoint)) {
    add('model.checkpoint', `There is no file ${model.checkpoint}.`)
  }
  for (const [index, stage] of stages.entries()) {
    const { checkpoint: file, run } = stage.use === 'distill' ? stage.teacher : {}
    if (file !== undefined && !existsSync(file)) add(`stages[${index}].teacher.checkpoint`, `There is no file ${file}.`)
    if (run !== undefined) attempt(`stages[${index}].teacher.run`, () => requireRunTeacher(project, run, recipe))
    const path = partitionPathOf(stage)
    if (path !== undefined && !existsSync(path)) add(`stages[${index}].partition.path`, `There is no file ${path}.`)
  }
  if (model.architecture !== undefined) attempt('model.architecture', () => architectureOf(model.architecture!))
  const atPath = project.datasets.byPath(data.path)
  // Read with other options it is other data.
  const knownData = isDeepStrictEqual(atPath?.reader ?? {}, data.reader ?? {}) ? atPath : undefined
  const knownModel = model.checkpoint === undefined ? undefined : project.models.byPath(model.checkpoint)
  const architecture = knownModel?.architecture ?? (model.checkpoint === undefined ? model.architecture : undefined)
  if (architecture !== undefined && problems.every(({ path }) => path !== 'model.architecture')) {
    const network = { architecture, graph: architectureOf(architecture), masks: new Map() }
    attempt('model.batchNorm', () => requireNormsToSet(network, recipe))
    for (const [index, stage] of stages.entries())
      attempt(`stages[${index}].${stage.use === 'train' ? 'trainable' : 'use'}`, () =>
        requireTrainable(network, stage, index),
      )
  }
  if (knownData && knownModel) attempt('data.path', () => requireFit(knownModel, knownData))
  if (knownData) attempt('data.normalize', () => requireNormalization(data, knownData))
  return problems
}
