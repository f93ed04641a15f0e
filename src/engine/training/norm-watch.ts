/** What becomes of batch norm while it is trained: which features are disabled, and how gammas and betas are spread. */
import { normStatistics, normsOf } from '../../core/features.ts'
import { disabledBelow } from '../../shared/features.ts'
import type { TrainableModel } from '../compile/training.ts'
import type { StageRecord } from './record.ts'

export interface NormWatch {
  /** To be called at the start (step 0) and after every step. */
  look(step: number): void
}

/** A stage records at most so many layers, over all snapshots: some two megabytes in the project. */
const layersAStage = 10_000
const [fewest, most] = [10, 200]

/** `steps` are those of the whole training. Nothing is recorded where no batch norm is trained. */
export function watchNorms(
  compiled: TrainableModel,
  trained: ReadonlySet<string>,
  steps: number,
  record: Pick<StageRecord, 'norms' | 'points'>,
): NormWatch {
  const { graph } = compiled
  const norms = normsOf(graph)
  if (!norms.some(({ gamma }) => trained.has(gamma))) return { look: () => {} }
  const names = norms.flatMap(({ gamma, beta }) => [gamma, beta])
  const snapshots = Math.min(most, Math.max(fewest, Math.floor(layersAStage / norms.length)))
  // It follows from the step alone, so that a training that goes on records the same.
  const interval = Math.max(1, Math.ceil(steps / snapshots))
  return {
    look(step) {
      if (step % interval !== 0 && step !== steps) return
      const layers = normStatistics(graph, compiled.readAll(names), disabledBelow)
      record.norms(step, layers)
      const total = (key: 'features' | 'disabled') => layers.reduce((sum, layer) => sum + layer[key], 0)
      record.points(step, { disabledFeatures: total('disabled') / total('features') })
    },
  }
}
