import { prune as pruneModel } from '../../core/pruning/prune.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { StageRunner } from '../stage-runner.ts'

/** One-shot pruning, on the host: the compiled graph gets the new weights before it is used again. */
export const prune: StageRunner<'prune'> = async (stage, context) => {
  const { model, layers, zeros, weights, newlyMasked } = pruneModel(context.model, { ...stage, seed: context.seed })
  if (newlyMasked === 0) throw noChange(stage.sparsity, zeros, weights)
  context.model = model
  return { zeros, weights, sparsity: zeros / weights, layers: [...layers] }
}

function noChange(sparsity: number, zeros: number, weights: number): EspalierError {
  const are = zeros === 0 ? 'no weight has to go for that' : `${zeros} of ${weights} weights are zero already`
  return new EspalierError({
    code: 'prune.no-change',
    message: `Pruning to a sparsity of ${sparsity} changes nothing: ${are}.`,
    rule: 'Sparsity is absolute, and a stage that changes nothing stops the run.',
    hint: 'Ask for a higher sparsity, or leave the stage out.',
  })
}
