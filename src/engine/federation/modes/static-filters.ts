import { filterMasks, masked } from '../../../core/federation/pruning/filters.ts'
import type { Masks, Model } from '../../../core/graph/model.ts'
import type { PruningOf } from '../../../shared/federated-pruning.ts'
import type { Mode } from '../mode.ts'

/** Filters of the smallest L2 norm go before the first round, once and for all, as any pruned weights do. */
export const staticFilters: Mode<PruningOf<'static-filters'>> = {
  prepare(model, { keep }) {
    const own = filterMasks(model.graph, model.weights, keep, 'l2')
    const masks = new Map([...model.masks, ...joined(model, own)])
    return { ...model, weights: masked(model.weights, masks), masks }
  },
  start: () => ({ programs: {}, carried: 'values' }),
}

/** What was pruned before stays pruned. */
const joined = ({ masks }: Model, own: Masks): Masks =>
  new Map(
    [...own].map(([name, mask]) => {
      const earlier = masks.get(name)
      return [name, earlier ? mask.map((kept, i) => kept & earlier[i]!) : mask]
    }),
  )
