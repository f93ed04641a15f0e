/** Paths in recipes: relative to the recipe's file, or to the project's folder for a recipe that was never a file. */
import { isAbsolute, resolve } from 'node:path'
import type { Recipe } from '../shared/recipe.ts'
import type { Stage } from '../shared/stages.ts'
import { withPartitionPath } from './partition-inputs.ts'

/** The recipe with absolute paths: the form in which it is queued and kept. */
export function resolvePaths(recipe: Recipe, folder: string): Recipe {
  const { pairs } = recipe.study ?? {}
  return {
    ...recipe,
    model: withCheckpointAt(recipe.model, folder),
    data: { ...recipe.data, path: at(recipe.data.path, folder) },
    stages: recipe.stages.map(stage => withPartitionPath(withTeacherAt(stage, folder), path => at(path, folder))),
    ...(recipe.study && {
      study: {
        ...recipe.study,
        ...(pairs && {
          pairs: pairs.map(({ teacher, student }) => ({
            teacher: withCheckpointAt(teacher, folder),
            student: withCheckpointAt(student, folder),
          })),
        }),
      },
    }),
  }
}

const at = (path: string, folder: string) => (isAbsolute(path) ? path : resolve(folder, path))

function withCheckpointAt<Place extends { readonly checkpoint?: string | undefined }>(
  place: Place,
  folder: string,
): Place {
  return place.checkpoint === undefined ? place : { ...place, checkpoint: at(place.checkpoint, folder) }
}

const withTeacherAt = (stage: Stage, folder: string): Stage =>
  stage.use === 'distill' ? { ...stage, teacher: withCheckpointAt(stage.teacher, folder) } : stage
