/** What is drawn of a federation: its rounds, bytes and clients, as plain numbers. */

import type { CsvValue } from '../../../shared/csv.ts'
import type { RunDetail } from '../../../shared/domain.ts'
import {
  type ClientRound,
  type Holder,
  type RoundRecord,
  type TargetReached,
  targetReached,
} from '../../../shared/federation.ts'

/** A federation as far as it is: of a stage that is done from its result, before that from what it reported. */
export interface ShownFederation {
  readonly stage: number
  readonly isDone: boolean
  readonly clients: readonly Holder[]
  /** Names of the prunable layers. */
  readonly layers: readonly string[]
  readonly rounds: readonly RoundRecord[]
  /** How many rounds there are to be. */
  readonly planned: number
  /** Rounds of the unpruned twin, which come before all others; undefined where the recipe asks for none. */
  readonly twin: readonly RoundRecord[] | undefined
  readonly target: TargetReached | undefined
  /** Share of multiply-accumulates that the model needs, once it is there. */
  readonly macsLeft: number | undefined
}

/** Those of a run that have begun, in the order of its stages. */
export function federationsOf({ run, recipe, federations }: RunDetail): ShownFederation[] {
  return recipe.stages.flatMap((stage, index): ShownFederation[] => {
    if (stage.use !== 'federate') return []
    const planned = stage.rounds
    const outcome = run.stages[index]?.outcome
    if (outcome?.use === 'federate') {
      const { clients, rounds, twin, target, macs, keptMacs } = outcome.result
      const layers = outcome.result.layers.map(({ name }) => name)
      const macsLeft = macs && keptMacs !== undefined ? keptMacs / macs : undefined
      return [{ stage: index, isDone: true, clients, layers, rounds, planned, twin: twin?.rounds, target, macsLeft }]
    }
    const soFar = federations.find(federation => federation.stage === index)
    if (!soFar) return []
    const target = stage.target === undefined ? undefined : targetReached(stage.target, soFar.rounds)
    const twin = stage.twin ? soFar.twin : undefined
    return [{ ...soFar, isDone: false, planned, twin, target, macsLeft: undefined }]
  })
}

export const bytesOf = (rounds: readonly RoundRecord[]) => ({
  up: rounds.reduce((sum, { upBytes }) => sum + upBytes, 0),
  down: rounds.reduce((sum, { downBytes }) => sum + downBytes, 0),
})

/** Whether a client took no part in what came of the round, and in a word why. */
export const leftOutOf = ({ state }: ClientRound): string | null =>
  state === 'done' || state === 'partial' ? null : { dropped: 'dropped out', late: 'was late', failed: 'failed' }[state]

export interface BytesPoint {
  readonly round: number
  /** Up and down, of this and all rounds before. */
  readonly bytes: number
  readonly top1: number
}

/** Accuracy against what had travelled for it; rounds without a score are left out. */
export function bytesAgainstAccuracy(rounds: readonly RoundRecord[]): BytesPoint[] {
  let bytes = 0
  return rounds.flatMap(({ round, top1, upBytes, downBytes }) => {
    bytes += upBytes + downBytes
    return top1 === null ? [] : [{ round, bytes, top1 }]
  })
}

/** Accuracy of each client's own model by round; null where it has none. Clients count from 1, in order. */
export function clientAccuracies(rounds: readonly RoundRecord[], clients: number): (number | null)[][] {
  const by = Array.from({ length: clients }, () => Array<number | null>(rounds.length).fill(null))
  for (const [at, round] of rounds.entries())
    for (const { client, top1 } of round.clients) if (by[client - 1]) by[client - 1]![at] = top1
  return by
}

/** [layer, client, share] of what the clients of a round sent; empty where all of them sent everything. */
export function sentShares({ clients }: RoundRecord, layers: number): [layer: number, client: number, share: number][] {
  if (clients.every(({ sent }) => sent === undefined)) return []
  return clients.flatMap(client => {
    if (leftOutOf(client)) return []
    return Array.from({ length: layers }, (_, layer): [number, number, number] => [
      layer,
      client.client,
      client.sent?.[layer] ?? 1,
    ])
  })
}

/** A row for each client of each round. */
export const roundsTable = (rounds: readonly RoundRecord[]): CsvValue[][] => [
  ['round', 'global top-1', 'agreement', 'client', 'state', 'steps', 'client top-1', 'up bytes', 'down bytes', 'note'],
  ...rounds.flatMap(round =>
    round.clients.map(({ client, state, steps, top1, upBytes, downBytes, note }) => {
      return [round.round, round.top1, round.agreement, client, state, steps, top1, upBytes, downBytes, note]
    }),
  ),
]
