/** Paths in recipes: relative to the recipe's file, or to the project's folder for a recipe that was never a file. */
import { isAbsolute, resolve } from 'node:path'
import type { Recipe } from '../shared/recipe.ts'
import type { Stage } from '../shared/stages.ts'

/** The recipe with absolute paths: the form in which it is queued and kept. */
export function resolvePaths(recipe: Recipe, folder: string): Recipe {
  const at = (path: string) => (isAbsolute(path) ? path : resolve(folder, path))
  const { checkpoint } = recipe.model
  return {
    ...recipe,
    model: { ...recipe.model, ...(checkpoint !== undefined && { checkpoint: at(checkpoint) }) },
    data: { ...recipe.data, path: at(recipe.data.path) },
    stages: recipe.stages.map(stage => withTeacherAt(stage, at)),
  }
}

function withTeacherAt(stage: Stage, at: (path: string) => string): Stage {
  if (stage.use !== 'distill' || stage.teacher.checkpoint === undefined) return stage
  return { ...stage, teacher: { ...stage.teacher, checkpoint: at(stage.teacher.checkpoint) } }
}
