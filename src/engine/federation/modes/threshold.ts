import { convolutionKernels, zeroBelow } from '../../../core/federation/pruning/threshold.ts'
import type { PruningOf } from '../../../shared/federated-pruning.ts'
import type { Mode } from '../mode.ts'

/** Small weights become zero after every local epoch, and on the server where the settings say so (five-systems 4a-2). */
export const threshold: Mode<PruningOf<'threshold'>> = {
  start({ threshold, onServer }, { graph }) {
    const kernels = convolutionKernels(graph)
    return {
      programs: {},
      carried: 'values',
      afterEpoch({ compiled }) {
        const weights = new Map(kernels.map(name => [name, compiled.read(name)]))
        compiled.setWeights(zeroBelow(weights, kernels, threshold))
      },
      ...(onServer && { afterRound: weights => zeroBelow(weights, kernels, threshold) }),
    }
  },
}
