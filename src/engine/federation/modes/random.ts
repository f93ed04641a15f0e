import { randomSet } from '../../../core/federation/pruning/random-set.ts'
import type { PruningOf } from '../../../shared/federated-pruning.ts'
import { keepOf, type Mode } from '../mode.ts'

/** All clients of a round that keep the same share train the same random set of weights. Everybody can draw it, so nobody sends it. */
export const random: Mode<PruningOf<'random'>> = {
  start({ keep: usual, of }, federation) {
    const { graph, prunable, seed } = federation
    return {
      programs: { updateMasked: new Set(prunable) },
      carried: 'changes',
      carriedDown: 'changes',
      async beginClient({ compiled, client, round }) {
        const keep = keepOf(federation, client, usual)
        compiled.assignUpdateMasks(randomSet(graph, prunable, { keep, of, seed, round }))
      },
    }
  },
}
