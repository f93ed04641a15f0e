/**
 * Stage keys (docs/adr/0006): SHA-256 over all that matters to the result of a stage, chained from the start of the run.
 * Names, paths and the order of keys in the document do not matter. A run's identity is the key of its last stage.
 */
import { createHash } from 'node:crypto'
import { batchNormInitOf, type Recipe } from '../shared/recipe.ts'
import { twinSettings } from '../shared/stages/distill.ts'
import type { Stage } from '../shared/stages.ts'

export interface KeyInputs {
  readonly recipe: Recipe
  readonly seed: number
  readonly dataFingerprint: string
  /** SHA-256 of the checkpoint; null for fresh weights. */
  readonly weightsFingerprint: string | null
  /** As it was found or asked for. */
  readonly architecture: string
  readonly engineVersion: string
  /** SHA-256 of the weights of teachers that come from outside the run, by the number of the stage. */
  readonly teachers?: ReadonlyMap<number, string>
}

/** Raised when the same settings begin to mean something else, so that older results are not taken over. */
const meaning = 1

/** One key a stage, in order. */
export const stageKeys = (inputs: KeyInputs): string[] => chain(inputs).map(({ key }) => key)

/** The key of the twin of each distillation, by the number of the stage: it does not depend on the teacher. */
export const twinKeys = (inputs: KeyInputs): Map<number, string> =>
  new Map(
    chain(inputs).flatMap(({ after }, index) => {
      const stage = inputs.recipe.stages[index]!
      return stage.use === 'distill' ? [[index, hash({ after, twin: twinSettings(stage) })]] : []
    }),
  )

/** The key of each stage and that of what it comes after. */
function chain(inputs: KeyInputs): { readonly after: string; readonly key: string }[] {
  const { path: _, ...dataSettings } = inputs.recipe.data
  const batchNorm = batchNormInitOf(inputs.recipe)
  let key = hash({
    meaning,
    engine: inputs.engineVersion,
    data: { fingerprint: inputs.dataFingerprint, ...dataSettings },
    weights: inputs.weightsFingerprint,
    architecture: inputs.architecture,
    // Absent where fresh weights are as they always were.
    batchNorm: inputs.weightsFingerprint === null && batchNorm !== 'fixed' ? batchNorm : undefined,
    seed: inputs.seed,
  })
  return inputs.recipe.stages.map((stage, index) => {
    const after = key
    key = hash({ after, stage: withTeacher(stage, inputs.teachers?.get(index)) })
    return { after, key }
  })
}

/** A teacher is the weights that it has, wherever they lie. */
function withTeacher(stage: Stage, fingerprint: string | undefined): unknown {
  if (stage.use !== 'distill' || fingerprint === undefined) return stage
  const { architecture } = stage.teacher
  return { ...stage, teacher: { fingerprint, ...(architecture !== undefined && { architecture }) } }
}

const hash = (value: unknown) => createHash('sha256').update(canonical(value)).digest('hex')

/** JSON with the keys of every object in order and without absent ones. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
