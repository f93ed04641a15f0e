/** The strategies: what clients add to their gradient and what the server makes of their models. One file each in `strategies/`, one line here. */
import type { StrategyId } from '../../shared/federation.ts'
import { centralised } from './strategies/centralised.ts'
import { fedavg } from './strategies/fedavg.ts'
import { fednova } from './strategies/fednova.ts'
import { fedprox } from './strategies/fedprox.ts'
import { local } from './strategies/local.ts'
import { scaffold } from './strategies/scaffold.ts'
import type { Strategy } from './strategy.ts'

export const strategies = { fedavg, fedprox, fednova, scaffold, local, centralised } as const satisfies Record<
  StrategyId,
  Strategy<never>
>
