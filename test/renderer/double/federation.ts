/** A federation as the double of the studio plays it: clients that differ, one that drops out. */
import type { ClientRound, RoundRecord } from '../../../src/shared/federation.ts'
import type { FederationReport, RoundProgress } from '../../../src/shared/federation-report.ts'
import type { LayerSparsity } from '../../../src/shared/stage.ts'
import type { StageOf, StageResultOf } from '../../../src/shared/stages.ts'

export function federationResult(
  { clients, rounds }: StageOf<'federate'>,
  layers: LayerSparsity[],
  counts: { readonly zeros: number; readonly weights: number },
): StageResultOf<'federate'> {
  const visits = (round: number): ClientRound[] =>
    Array.from({ length: clients }, (_, i): ClientRound => {
      if (i === 1 && round === 2)
        return {
          ...{ client: 2, state: 'dropped', note: 'It was not heard of again.', steps: 0 },
          ...{ trainLoss: null, trainTop1: null, top1: null, upBytes: 0, downBytes: 1_080_000 },
        }
      const top1 = Math.min(0.9, 0.1 * round + 0.04 * i)
      return {
        ...{ client: i + 1, state: 'done', steps: 20, trainLoss: 2 / round, trainTop1: top1, top1 },
        ...{ upBytes: 360_000, downBytes: round === 1 ? 1_080_000 : 360_000 },
        sent: layers.map((_, layer) => 0.3 - 0.01 * ((layer + i) % 5)),
      }
    })
  const records = Array.from({ length: rounds }, (_, i): RoundRecord => {
    const own = visits(i + 1)
    const sum = (key: 'upBytes' | 'downBytes') => own.reduce((total, client) => total + client[key], 0)
    return {
      ...{ round: i + 1, top1: 0.15 * (i + 1), loss: 2 / (i + 1), sparsity: 0, agreement: 0.75 + i / 32, seconds: 1 },
      ...{ upBytes: sum('upBytes'), downBytes: sum('downBytes'), clients: own },
    }
  })
  const total = (key: 'upBytes' | 'downBytes') => records.reduce((sum, round) => sum + round[key], 0)
  return {
    rounds: records,
    upBytes: total('upBytes'),
    downBytes: total('downBytes'),
    kept: rounds,
    clients: Array.from({ length: clients }, (_, i) => {
      const classes = Array.from({ length: 10 }, (_, label) => ((label + 3 * i) % 10) ** 2)
      return { client: i + 1, samples: classes.reduce((sum, count) => sum + count, 0), classes, speed: 1 }
    }),
    ...{ trainableParams: 269_722, ...counts, layers, macs: 40_551_552, keptMacs: 24_000_000 },
  }
}

/** A client a step. */
export const federationSteps = ({ clients, rounds }: StageOf<'federate'>): number => clients * rounds

/** Where it is after step 1, 2, 3 ... */
export function roundAt({ clients, rounds }: StageOf<'federate'>, step: number): RoundProgress {
  const [round, visited] = [Math.floor((step - 1) / clients), ((step - 1) % clients) + 1]
  return {
    ...{ isTwin: false, round: round + 1, rounds, client: visited < clients ? visited + 1 : null },
    ...{ visited, clients, done: visited * 25, total: clients * 25 },
  }
}

/** What it says with that step. */
export function reportsAt(stage: StageOf<'federate'>, step: number, layers: LayerSparsity[]): FederationReport[] {
  const { clients, rounds } = federationResult(stage, layers, { zeros: 0, weights: 1 })
  const round = step % stage.clients === 0 ? rounds[step / stage.clients - 1] : undefined
  return [
    ...(step === 1 ? [{ kind: 'begins' as const, clients, layers: layers.map(({ name }) => name) }] : []),
    ...(round ? [{ kind: 'round' as const, isTwin: false, round }] : []),
  ]
}
