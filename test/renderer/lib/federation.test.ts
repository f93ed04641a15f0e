import { expect, it } from 'vitest'
import {
  bytesAgainstAccuracy,
  clientAccuracies,
  federationsOf,
  leftOutOf,
  roundsTable,
  sentShares,
} from '../../../src/renderer/src/lib/federation.ts'
import { federationText, roundDoing, roundTitle } from '../../../src/renderer/src/lib/federation-text.ts'
import type { ClientRound, RoundRecord } from '../../../src/shared/federation.ts'
import { StudioDouble } from '../double/studio.ts'
import { recipe } from '../double/window.ts'

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

async function finishedFederation(more: object) {
  const studio = new StudioDouble({ stepMs: 0 })
  const context = { signal: new AbortController().signal }
  const stages = [{ use: 'evaluate' }, { use: 'federate', clients: 4, rounds: 5, pruning: 'random', ...more }]
  const { runs } = await studio.handlers['run.start']({ document: recipe({ stages }) }, context)
  const id = runs[0]!.id
  while (studio.details.get(id)?.run.state !== 'finished') await new Promise(resolve => setTimeout(resolve, 1))
  return studio.handlers['run.get']({ id }, context)
}

it('is shown from what it reported until its stage has a result, and then from that', async () => {
  const finished = await finishedFederation({ target: 0.4 })
  const [done] = federationsOf(finished)
  expect(done).toMatchObject({ stage: 1, isDone: true, planned: 5, rounds: { length: 5 }, clients: { length: 4 } })
  const { clients, layers } = done!
  const stages = finished.run.stages.map(stage => ({ ...stage, outcome: null }))
  const begun = { ...finished, run: { ...finished.run, stages } }
  expect(federationsOf(begun)).toEqual([])
  const live = { ...begun, federations: [{ stage: 1, clients: [...clients], layers: [...layers], rounds, twin: [] }] }
  expect(federationsOf(live)).toEqual([
    {
      ...{ stage: 1, isDone: false, clients, layers, rounds, planned: 5, twin: undefined, macsLeft: undefined },
      target: { top1: 0.4, round: 1, bytes: 60 },
    },
  ])
})

const about = {
  ...{ stage: 1, isDone: false, clients: [], layers: [], rounds, planned: 6, twin: undefined },
  ...{ target: undefined, macsLeft: undefined },
}
const plain = (text: string) => text.replaceAll('\u202f', ' ')

it('is said in a line: how far, what travelled, what was reached, and why it does not move', () => {
  const holder = { client: 1, samples: 3, classes: [1, 2], speed: 1 }
  const federation = { ...about, clients: [holder, { ...holder, client: 2 }] }
  expect(plain(federationText(federation, 'running'))).toBe('2 clients, 3 of 6 rounds, 60 B up, 120 B down')
  const target = { top1: 0.7, round: null, bytes: null }
  expect(plain(federationText({ ...federation, target }, 'running'))).toMatch(/ down; 70.0 % not reached yet$/)
  expect(plain(federationText({ ...federation, target: { top1: 0.7, round: 3, bytes: 180 } }, 'paused'))).toMatch(
    / down; 70.0 % in round 3, after 180 B; paused$/,
  )
  expect(plain(federationText({ ...federation, target: { ...target }, isDone: true, macsLeft: 0.5 }, 'finished'))).toBe(
    '2 clients, 3 rounds, 60 B up, 120 B down, 50.0 % of the MACs left; 70.0 % was not reached',
  )
  expect(federationText({ ...federation, rounds: [] }, 'waiting')).toBe('2 clients, 0 of 6 rounds; waits to go on')
})

it('says how far the unpruned twin is that comes first, and holds the bytes against it', () => {
  const first = federationText({ ...about, rounds: [], twin: rounds.slice(0, 1) }, 'running')
  expect(plain(first)).toBe('0 clients, unpruned twin first: 1 of 6 rounds, 20 B up, 40 B down')
  const twin = rounds.map(each => ({ ...each, upBytes: 60, downBytes: 60 }))
  const done = plain(federationText({ ...about, isDone: true, twin }, 'finished'))
  expect(done).toBe('0 clients, 3 rounds, 60 B up, 120 B down, 50.0 % fewer bytes than its unpruned twin')
})

it('says who is at work in a round', () => {
  const at = { isTwin: false, round: 2, rounds: 6, client: 3, visited: 2, clients: 4, done: 10, total: 90 }
  expect([roundTitle(at), roundDoing(at)]).toEqual(['Round 2 of 6', 'client 3 in training, 2 of 4 clients done'])
  const server = { ...at, isTwin: true, client: null, visited: 4 }
  expect([roundTitle(server), roundDoing(server)]).toEqual([
    'Unpruned twin, round 2 of 6',
    'all 4 clients done, the server averages and scores',
  ])
})
