/** The pruning modes of a federation: one file each in `modes/`, one line here. */
import type { Model } from '../../core/graph/model.ts'
import type { FederatedPruning, FederatedPruningMode, PruningOf } from '../../shared/federated-pruning.ts'
import type { Mode, ModeSetting, RunningMode } from './mode.ts'
import { gate } from './modes/gate.ts'
import { none } from './modes/none.ts'
import { random } from './modes/random.ts'
import { salience } from './modes/salience.ts'
import { softFilters } from './modes/soft-filters.ts'
import { staticFilters } from './modes/static-filters.ts'
import { threshold } from './modes/threshold.ts'

const modes: { readonly [Id in FederatedPruningMode]: Mode<PruningOf<Id>> } = {
  none,
  gate,
  threshold,
  salience,
  random,
  'soft-filters': softFilters,
  'static-filters': staticFilters,
}

const modeOf = ({ mode }: FederatedPruning) => modes[mode] as Mode<FederatedPruning>

/** The model that a federation begins with. Throws `model.invalid` where the mode cannot work on it. */
export const prepareModel = (settings: FederatedPruning, model: Model, seed: number): Model =>
  modeOf(settings).prepare?.(model, settings, seed) ?? model

export const startMode = (settings: FederatedPruning, federation: ModeSetting): RunningMode =>
  modeOf(settings).start(settings, federation)
