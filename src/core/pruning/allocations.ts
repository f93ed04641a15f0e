/** The allocations: how the zeros are shared out over the layers. One file each in `allocations/`, one line here. */
import type { AllocationId } from '../../shared/methods.ts'
import type { Allocation } from './allocation.ts'
import { erk } from './allocations/erk.ts'
import { global } from './allocations/global.ts'
import { globalMinimumThreshold } from './allocations/global-mt.ts'
import { lagrangian } from './allocations/lagrangian.ts'
import { lamp } from './allocations/lamp.ts'
import { random } from './allocations/random.ts'
import { rateDistortion } from './allocations/rate-distortion.ts'
import { uniform } from './allocations/uniform.ts'
import { uniformPlus } from './allocations/uniform-plus.ts'

export const allocations = {
  global,
  'global-mt': globalMinimumThreshold,
  uniform,
  'uniform-plus': uniformPlus,
  erk,
  lamp,
  random,
  'rate-distortion': rateDistortion,
  lagrangian,
} as const satisfies Record<AllocationId, Allocation>
