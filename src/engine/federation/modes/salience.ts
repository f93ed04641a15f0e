import { salientSet } from '../../../core/federation/pruning/salient.ts'
import { packSet, unpackSet } from '../../../core/federation/pruning/set-bits.ts'
import { elementCount } from '../../../core/graph/dims.ts'
import type { Masks, Weights } from '../../../core/graph/model.ts'
import { deriveSeed } from '../../../core/random.ts'
import { epochOrder } from '../../../core/training/order.ts'
import type { PruningOf } from '../../../shared/federated-pruning.ts'
import type { TrainableModel } from '../../compile/training.ts'
import { keepOf, type Mode, type ModeSetting } from '../mode.ts'
import { measureSalience } from '../salience.ts'

type Settings = PruningOf<'salience'>

/**
 * Only salient weights change in a round. A reconstruction of the paper's abstract (five-systems 4a-3), with what it leaves out:
 * who chooses, and that no more than the share to keep may change in a round, however many batches there are.
 */
export const salience: Mode<Settings> = {
  start(settings, federation) {
    const { graph, prunable } = federation
    const changes = { carried: 'changes', carriedDown: 'changes' } as const
    if (settings.chosen === 'steps') {
      const { score, keep, perStep } = settings
      return { programs: { salience: { parameters: new Set(prunable), score, keep, perStep } }, ...changes }
    }
    const programs = { updateMasked: new Set(prunable) }
    const setOf = (weights: Weights, saliences: Weights, keep: number) =>
      salientSet(weights, saliences, { keep, scope: settings.scope })
    if (settings.chosen === 'client') {
      return {
        programs,
        ...changes,
        async beginClient({ compiled, weights, client, round }) {
          const samples = federation.holders[client]!
          const keys = ['salience', round, client] as const
          const saliences = await measure(settings, federation, { compiled, weights, samples, keys })
          compiled.assignUpdateMasks(setOf(weights, saliences, keepOf(federation, client, settings.keep)))
        },
      }
    }
    const sizes = new Map(prunable.map(name => [name, elementCount(graph.parameters[name]!.dims)]))
    /** What a client that keeps this share gets, in bits. */
    let chosen: (keep: number) => Masks = () => new Map()
    return {
      programs,
      ...changes,
      async beforeRound({ compiled, weights, masks, round }) {
        if (settings.score !== 'weight') compiled.assign({ weights, masks })
        const samples = federation.training.indices
        const saliences = await measure(settings, federation, { compiled, weights, samples, keys: ['salience', round] })
        const pack = (keep: number) => packSet(setOf(weights, saliences, keep))
        const sent = pack(settings.keep)
        const usual = unpackSet(sent, sizes)
        chosen = keep => (keep === settings.keep ? usual : unpackSet(pack(keep), sizes))
        // Clients see for themselves which weights are the largest. A set takes a bit for each weight, however many are in it.
        return settings.score === 'weight' ? 0 : sent.length
      },
      async beginClient({ compiled, client }) {
        compiled.assignUpdateMasks(chosen(keepOf(federation, client, settings.keep)))
      },
    }
  },
}

interface Chooser {
  /** Holds `weights`. */
  readonly compiled: TrainableModel
  readonly weights: Weights
  readonly samples: Int32Array
  readonly keys: readonly (string | number)[]
}

/** How salient each prunable weight is. */
async function measure(
  settings: Settings,
  { prunable, training, batch, seed, context }: ModeSetting,
  { compiled, weights, samples, keys }: Chooser,
): Promise<Weights> {
  const { score } = settings
  if (score === 'weight') return new Map(prunable.map(name => [name, weights.get(name)!.map(Math.abs)]))
  const key = deriveSeed(seed, ...keys)
  const order = epochOrder(samples, key, 0)
  const how = { ...settings, score, batch, names: prunable, seed: key }
  return measureSalience(compiled, weights, context, { split: training.split, samples: order }, how)
}
