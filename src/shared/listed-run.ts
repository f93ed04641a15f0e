/** A run as a list of runs has it: how it stands and what its rows say. The whole outcomes of its stages come with the run. */
import { z } from 'zod'
import { type RunSummary, runSummarySchema, type StageRecord, stageRecordSchema } from './domain.ts'

const count = z.int().min(0)

export const listedStageSchema = stageRecordSchema.omit({ outcome: true }).extend({
  /** Prunable weights after it and how many are zero. */
  counts: z.strictObject({ zeros: count, weights: count }).nullable(),
  /** Of an evaluate stage. */
  score: z.strictObject({ correct: count, total: count, top1: z.number(), split: z.string() }).nullable(),
  /** Of a prune stage that measured rate-distortion curves. */
  curves: z
    .strictObject({
      layers: z.array(z.string()),
      /** Shares at which each layer was measured. */
      shares: count,
      /** Of the mean distortions at all points: runs in which it is equal have the same measurement. */
      sum: z.number(),
      sparsity: z.number(),
      additivity: z.strictObject({ rankCorrelation: z.number(), isGood: z.boolean() }).nullable(),
    })
    .nullable(),
})
export type ListedStage = z.infer<typeof listedStageSchema>

export const listedRunSchema = runSummarySchema.omit({ stages: true }).extend({ stages: z.array(listedStageSchema) })
export type ListedRun = z.infer<typeof listedRunSchema>

export const listedRun = (run: RunSummary): ListedRun => ({ ...run, stages: run.stages.map(listedStage) })

export function listedStage({ outcome, ...stage }: StageRecord): ListedStage {
  return {
    ...stage,
    counts: outcome && { zeros: outcome.result.zeros, weights: outcome.result.weights },
    score: scoreOf(outcome),
    curves: curvesOf(outcome),
  }
}

function scoreOf(outcome: StageRecord['outcome']): ListedStage['score'] {
  if (outcome?.use !== 'evaluate') return null
  const { correct, total, top1, split } = outcome.result
  return { correct, total, top1, split }
}

function curvesOf(outcome: StageRecord['outcome']): ListedStage['curves'] {
  if (outcome?.use !== 'prune' || !outcome.result.curves?.length) return null
  const { curves, sparsity, additivity } = outcome.result
  return {
    layers: curves.map(({ name }) => name),
    shares: curves[0]!.fractions.length,
    sum: curves.reduce((sum, { mean }) => mean.reduce((total, value) => total + value, sum), 0),
    sparsity,
    additivity: additivity
      ? { rankCorrelation: additivity.rankCorrelation, isGood: additivity.warning === undefined }
      : null,
  }
}
