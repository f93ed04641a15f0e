import { filterMasks, masked } from '../../../core/federation/pruning/filters.ts'
import type { Weights } from '../../../core/graph/model.ts'
import type { PruningOf } from '../../../shared/federated-pruning.ts'
import { keepOf, type Mode } from '../mode.ts'

/**
 * Soft filter pruning (He et al. 2018, "Soft filter pruning for accelerating deep convolutional neural networks"): the filters of
 * the smallest L1 norm become zero after every local epoch, and may grow again. The server does the same to its mean.
 */
export const softFilters: Mode<PruningOf<'soft-filters'>> = {
  start({ keep: usual }, federation) {
    const prune = (weights: Weights, keep: number) =>
      masked(weights, filterMasks(federation.graph, weights, keep, 'l1'))
    return {
      programs: {},
      carried: 'values',
      afterEpoch: ({ compiled, client }) =>
        compiled.setWeights(prune(compiled.readParameters(), keepOf(federation, client, usual))),
      afterRound: weights => prune(weights, usual),
    }
  },
}
