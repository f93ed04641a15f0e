import { gateModel } from '../../../core/gate-model.ts'
import type { PruningOf } from '../../../shared/federated-pruning.ts'
import type { Mode } from '../mode.ts'

/**
 * Sample-wise channel gates (five-systems 4a-1). They are part of the model from here on (ADR 0026): trained, sent and counted
 * like its other weights. A channel that no sample of a client opened has not changed, and is not sent.
 */
export const gate: Mode<PruningOf<'gate'>> = {
  prepare: (model, { keep }, seed) => gateModel(model, keep, seed),
  start: () => ({ programs: {}, carried: 'changes' }),
}
