/** Every stage a recipe may use: one file each in `stages/`, one line here. */
import { z } from 'zod'
import { disableFeatures } from './stages/disable-features.ts'
import { distill } from './stages/distill.ts'
import { evaluate } from './stages/evaluate.ts'
import { federate } from './stages/federate.ts'
import { prune } from './stages/prune.ts'
import { recalibrate } from './stages/recalibrate.ts'
import { train } from './stages/train.ts'

export const stages = {
  'disable-features': disableFeatures,
  evaluate,
  prune,
  recalibrate,
  train,
  distill,
  federate,
} as const

export type StageUse = keyof typeof stages
export const stageUses = Object.keys(stages) as [StageUse, ...StageUse[]]

export const stageSchema = z.discriminatedUnion('use', [
  disableFeatures.schema,
  evaluate.schema,
  federate.schema,
  prune.schema,
  recalibrate.schema,
  train.schema,
  distill.schema,
])
/** A stage with every default filled in. */
export type Stage = z.output<typeof stageSchema>
export type StageOf<Use extends StageUse> = Extract<Stage, { use: Use }>

export type StageResultOf<Use extends StageUse> = z.output<(typeof stages)[Use]['resultSchema']>
/** A stage's outcome beside its `use`; stable keys of `espalier run --json`. */
export const stageOutcomeSchema = z.discriminatedUnion('use', [
  z.strictObject({ use: z.literal('disable-features'), result: disableFeatures.resultSchema }),
  z.strictObject({ use: z.literal('evaluate'), result: evaluate.resultSchema }),
  z.strictObject({ use: z.literal('federate'), result: federate.resultSchema }),
  z.strictObject({ use: z.literal('prune'), result: prune.resultSchema }),
  z.strictObject({ use: z.literal('recalibrate'), result: recalibrate.resultSchema }),
  z.strictObject({ use: z.literal('train'), result: train.resultSchema }),
  z.strictObject({ use: z.literal('distill'), result: distill.resultSchema }),
])
export type StageOutcome = z.output<typeof stageOutcomeSchema>
