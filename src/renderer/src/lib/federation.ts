/** What is drawn of a federation: its rounds, bytes and clients, as plain numbers. */

import type { CsvValue } from '../../../shared/csv.ts'
import type { ClientRound, RoundRecord } from '../../../shared/federation.ts'

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
