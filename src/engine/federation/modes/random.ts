import { randomSet } from '../../../core/federation/pruning/random-set.ts'
import type { PruningOf } from '../../../shared/federated-pruning.ts'
import type { Mode } from '../mode.ts'

/** All clients of a round that keep the same share train the same random set of weights. Everybody can draw it, so nobody sends it. */
export const random: Mode<PruningOf<'random'>> = {
  start(settings, { graph, prunable, keeps, seed }) {
    return {
      programs: { updateMasked: new Set(prunable) },
      carried: 'changes',
      carriedDown: 'changes',
      async beginClient({ compiled, client, round }) {
        const keep = keeps?.[client] ?? settings.keep
        compiled.assignUpdateMasks(randomSet(graph, prunable, { keep, of: settings.of, seed, round }))
      },
    }
  },
}
