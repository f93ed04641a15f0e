/** A federation in a line: how far it is, what travelled, and what was reached. */
import type { StageRecord } from '../../../shared/domain.ts'
import type { TargetReached } from '../../../shared/federation.ts'
import type { RoundProgress } from '../../../shared/federation-report.ts'
import { bytesOf, type ShownFederation } from './federation.ts'
import { bytes, count, percent, plural } from './format.ts'

export function federationText(federation: ShownFederation, state: StageRecord['state']): string {
  const { clients, rounds, twin, macsLeft, target, isDone } = federation
  const isTwinFirst = rounds.length === 0 && twin !== undefined
  const traffic = bytesOf(isTwinFirst ? twin : rounds)
  const parts = [
    plural(clients.length, 'client'),
    ...(isTwinFirst
      ? [`unpruned twin first: ${roundsText(twin.length, federation)}`]
      : [roundsText(rounds.length, federation)]),
    ...(traffic.up + traffic.down > 0 ? [`${bytes(traffic.up)} up`, `${bytes(traffic.down)} down`] : []),
    ...(isDone ? twinText(federation) : []),
    ...(macsLeft !== undefined && macsLeft < 1 ? [`${percent(macsLeft)} of the MACs left`] : []),
  ]
  return [
    parts.join(', '),
    ...(target && rounds.length > 0 ? [targetText(target, isDone)] : []),
    ...(isDone || state === 'running' ? [] : [endText(state)]),
  ].join('; ')
}

const roundsText = (done: number, { isDone, planned }: ShownFederation) =>
  isDone ? plural(done, 'round') : `${count(done)} of ${plural(planned, 'round')}`

function twinText({ rounds, twin }: ShownFederation): string[] {
  if (!twin) return []
  const [own, others] = [rounds, twin].map(of => bytesOf(of)).map(({ up, down }) => up + down)
  if (!own || !others) return []
  return [`${percent(Math.abs(1 - own / others))} ${own > others ? 'more' : 'fewer'} bytes than its unpruned twin`]
}

function targetText({ top1, round, bytes: until }: TargetReached, isDone: boolean): string {
  if (round === null) return `${percent(top1)} ${isDone ? 'was not reached' : 'not reached yet'}`
  return `${percent(top1)} in round ${round}, after ${bytes(until ?? 0)}`
}

/** Why it does not move. */
const endText = (state: Exclude<StageRecord['state'], 'running'>) => (state === 'waiting' ? 'waits to go on' : state)

/** "Round 4 of 6", and who is at work in it. */
export function roundTitle({ isTwin, round, rounds }: RoundProgress): string {
  return `${isTwin ? 'Unpruned twin, round' : 'Round'} ${count(round)} of ${count(rounds)}`
}

export function roundDoing({ client, visited, clients }: RoundProgress): string {
  if (client === null) return `all ${plural(clients, 'client')} done, the server averages and scores`
  return `client ${count(client)} in training, ${count(visited)} of ${plural(clients, 'client')} done`
}
