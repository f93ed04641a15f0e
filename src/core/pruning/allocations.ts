/** The allocations: how the zeros are shared out over the layers. One file each in `allocations/`, one line here. */
import type { AllocationId } from '../../shared/methods.ts'
import type { Allocation } from './allocation.ts'
import { global } from './allocations/global.ts'
import { globalMinimumThreshold } from './allocations/global-mt.ts'
import { uniform } from './allocations/uniform.ts'

export const allocations = { global, 'global-mt': globalMinimumThreshold, uniform } as const satisfies Record<
  AllocationId,
  Allocation
>
