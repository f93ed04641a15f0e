import { expect, it } from 'vitest'
import {
  bytesAgainstAccuracy,
  clientAccuracies,
  leftOutOf,
  roundsTable,
  sentShares,
} from '../../../src/renderer/src/lib/federation.ts'
import type { ClientRound, RoundRecord } from '../../../src/shared/federation.ts'

const client = (more: Partial<ClientRound>): ClientRound => ({
  ...{ client: 1, state: 'done', steps: 3, trainLoss: 1, trainTop1: 0.5, top1: 0.4, upBytes: 10, downBytes: 20 },
  ...more,
})
const round = (more: Partial<RoundRecord>): RoundRecord => ({
  ...{ round: 1, top1: 0.5, loss: 1, upBytes: 20, downBytes: 40, sparsity: 0, clients: [], seconds: 1 },
  ...more,
})
const rounds = [
  round({ clients: [client({ sent: [0.3, 0.2] }), client({ client: 3, top1: null, state: 'dropped', note: 'gone' })] }),
  round({ round: 2, top1: null, clients: [client({ client: 2, top1: 0.6 })] }),
  round({ round: 3, top1: 0.7, agreement: 0.9, clients: [client({ client: 3, top1: 0.8, state: 'partial' })] }),
]

it('adds bytes up, and leaves out rounds without a score', () => {
  expect(bytesAgainstAccuracy(rounds)).toEqual([
    { round: 1, bytes: 60, top1: 0.5 },
    { round: 3, bytes: 180, top1: 0.7 },
  ])
})

it('gives each client a line with holes where it took no part', () => {
  expect(clientAccuracies(rounds, 3)).toEqual([
    [0.4, null, null],
    [null, 0.6, null],
    [null, null, 0.8],
  ])
})

it('says who was left out', () => {
  expect(rounds.flatMap(({ clients }) => clients.map(leftOutOf))).toEqual([null, 'dropped out', null, null])
  expect([leftOutOf(client({ state: 'late' })), leftOutOf(client({ state: 'failed' }))]).toEqual(['was late', 'failed'])
})

it('draws what was sent by those who sent, and nothing where all sent everything', () => {
  expect(sentShares(rounds[0]!, 2)).toEqual([
    [0, 1, 0.3],
    [1, 1, 0.2],
  ])
  expect(sentShares(rounds[1]!, 2)).toEqual([])
})

it('has a row for each client of each round', () => {
  const rows = roundsTable(rounds)
  expect(rows).toHaveLength(5)
  expect(rows[2]).toEqual([1, 0.5, undefined, 3, 'dropped', 3, null, 10, 20, 'gone'])
})
