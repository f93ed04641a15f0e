import type { PruningOf } from '../../../shared/federated-pruning.ts'
import type { Mode } from '../mode.ts'

export const none: Mode<PruningOf<'none'>> = { start: () => ({ programs: {}, carried: 'values' }) }
