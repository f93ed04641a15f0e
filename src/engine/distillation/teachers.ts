/** The models that a recipe names as teachers. */
import type { Model } from '../../core/graph/model.ts'
import { openCheckpoint } from '../../formats/checkpoints.ts'
import type { Dataset } from '../../formats/datasets.ts'
import { importModel } from '../../formats/import-model.ts'
import { teacherAfter } from '../../shared/recipe.ts'
import type { TeacherSource } from '../../shared/stages/distill.ts'
import { fitToDataset, freshModel, readModel } from '../job-inputs.ts'
import type { Job } from '../protocol.ts'
import type { StageContext } from '../stage-runner.ts'

export interface Teachers {
  /** Of the stage number `stage`. Throws what reading a checkpoint throws, `dataset.classes` and `dataset.shape`. */
  of(source: TeacherSource, stage: number): ReturnType<StageContext['teacher']>
  /** To be told what each stage left. */
  left(stage: number, model: Model): void
}

/** `start` is the model that the job began with. */
export function createTeachers(
  job: Pick<Job, 'teachers' | 'firstStage' | 'recipe' | 'seed'>,
  dataset: Dataset,
  start: Model,
): Teachers {
  const { teachers = {}, firstStage, recipe, seed } = job
  const models = new Map([[firstStage - 1, start]])

  async function read(path: string, architecture?: string): Promise<Model> {
    const { model } = importModel(await openCheckpoint(path), architecture === undefined ? {} : { architecture })
    return fitToDataset(model, dataset, recipe.data.path)
  }

  return {
    async of({ checkpoint, architecture, stage: from }, stage) {
      if (checkpoint !== undefined) return { model: await read(checkpoint, architecture), name: baseName(checkpoint) }
      const left = from === undefined ? undefined : models.get(from)
      if (left) return { model: left, name: teacherAfter(recipe, from!) }
      const given = teachers[stage]
      if (given) return { model: await read(given.file), name: given.name }
      if (from === undefined) throw new Error(`the job has no teacher for stage ${stage}`)
      // Done by an earlier process, and none of the stages up to it changed the model.
      const stored = await readModel({ recipe })
      const model = stored ? fitToDataset(stored, dataset, recipe.data.path) : freshModel(recipe, dataset, seed)
      return { model, name: teacherAfter(recipe, from) }
    },
    left: (stage, model) => void models.set(stage, model),
  }
}

const baseName = (path: string) => path.split(/[\\/]/).at(-1)!
