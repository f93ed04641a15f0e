/** What a federation says to a person: a line when a round is done, all of it at the end. */
import type { ClientRound, FederationResult, Holder, RoundRecord } from '../shared/federation.ts'
import type { FederationReport } from '../shared/federation-report.ts'
import { plural } from '../shared/plural.ts'
import type { StageResultOf } from '../shared/stages.ts'
import { bytes, count, percent, seconds, table } from './format.ts'

type Result = StageResultOf<'federate'>

export const federationLines = ({
  rounds,
  upBytes,
  downBytes,
  target,
  twin,
  kept,
  clients,
  trainableParams,
  macs,
  keptMacs,
}: Result) => [
  `${plural(trainableParams, 'parameter')} trained by ${plural(clients.length, 'client')}`,
  ...holderLines(clients),
  ...roundLines(rounds),
  ...leftOutLines(rounds),
  `${bytes(upBytes)} up, ${bytes(downBytes)} down; the model after round ${kept} is kept`,
  ...(macs !== undefined && keptMacs !== undefined && keptMacs < macs
    ? [`${percent(keptMacs / macs)} of ${count(macs)} MACs are left for one sample`]
    : []),
  ...(target ? [targetLine(target)] : []),
  ...(twin ? twinLines(twin, { upBytes, downBytes, target }) : []),
]

function twinLines(twin: FederationResult, own: Pick<Result, 'upBytes' | 'downBytes' | 'target'>): string[] {
  const best = twin.rounds.find(({ round }) => round === twin.kept)
  const bytesOf = ({ upBytes, downBytes }: Pick<Result, 'upBytes' | 'downBytes'>) => upBytes + downBytes
  const fewer = (mine: number, theirs: number) => `${percent(1 - mine / theirs)} fewer bytes than the twin`
  const [reached, theirs] = [own.target?.bytes, twin.target?.bytes]
  return [
    `unpruned twin: ${best?.top1 == null ? '-' : percent(best.top1)} on validation after round ${twin.kept}, ${bytes(bytesOf(twin))} in all`,
    ...(bytesOf(twin) > 0 ? [`in all rounds ${fewer(bytesOf(own), bytesOf(twin))}`] : []),
    ...(twin.target ? [`twin: ${targetLine(twin.target)}`] : []),
    ...(reached != null && theirs ? [`to the target ${fewer(reached, theirs)}`] : []),
  ]
}

/** Who holds what: a row a client, a column a class, where there are few enough of both to read. */
function holderLines(clients: readonly Holder[]): string[] {
  const classes = clients[0]?.classes.length ?? 0
  if (clients.length > 20 || classes > 20) return []
  const perClass = Array.from({ length: classes }, (_, label) => ({
    title: String(label),
    text: (client: Holder) => (client.classes[label] === 0 ? '.' : String(client.classes[label])),
    right: true,
  }))
  const columns = [
    { title: 'client', text: ({ client }: Holder) => String(client), right: true },
    { title: 'samples', text: ({ samples }: Holder) => String(samples), right: true },
    ...(clients.some(({ speed }) => speed < 1)
      ? [{ title: 'speed', text: ({ speed }: Holder) => percent(speed), right: true }]
      : []),
    ...(clients.some(({ keep }) => keep !== undefined)
      ? [{ title: 'keeps', text: ({ keep }: Holder) => (keep === undefined ? '-' : percent(keep)), right: true }]
      : []),
    ...(clients.some(({ width }) => width !== undefined)
      ? [{ title: 'width', text: ({ width }: Holder) => (width === undefined ? '-' : percent(width)), right: true }]
      : []),
    ...perClass,
  ]
  return table(columns, clients).map(line => `  ${line}`)
}

/** Of a round that has just been done. */
export function roundLine({ isTwin, round }: Extract<FederationReport, { kind: 'round' }>): string {
  const gone = round.clients.filter(leftOut).length
  return [
    `${isTwin ? 'twin, ' : ''}round ${round.round}`,
    ...(round.top1 === null ? [] : [`${percent(round.top1)} on validation`]),
    `${bytes(round.upBytes)} up`,
    `${bytes(round.downBytes)} down`,
    ...(gone === 0 ? [] : [`${gone} of ${plural(round.clients.length, 'client')} left out`]),
    seconds(round.seconds),
  ].join(', ')
}

const leftOut = ({ state }: ClientRound) => state !== 'done' && state !== 'partial'

function roundLines(rounds: readonly RoundRecord[]): string[] {
  const mean = (values: readonly (number | null)[]) => {
    const known = values.filter(value => value !== null)
    return known.length === 0 ? '-' : percent(known.reduce((sum, value) => sum + value, 0) / known.length)
  }
  const lines = table<RoundRecord>(
    [
      { title: 'round', text: row => String(row.round), right: true },
      { title: 'validation', text: row => (row.top1 === null ? '-' : percent(row.top1)), right: true },
      { title: 'clients', text: row => mean(row.clients.map(({ top1 }) => top1)), right: true },
      { title: 'left out', text: row => String(row.clients.filter(leftOut).length), right: true },
      { title: 'up', text: row => bytes(row.upBytes), right: true },
      { title: 'down', text: row => bytes(row.downBytes), right: true },
      { title: 'time', text: row => seconds(row.seconds), right: true },
    ],
    rounds,
  )
  return lines.map(line => `  ${line}`)
}

const leftOutLines = (rounds: readonly RoundRecord[]) =>
  rounds.flatMap(({ round, clients }) =>
    clients
      .filter(client => leftOut(client) && client.state !== 'dropped')
      .map(({ client, state, note }) => `round ${round}: client ${client} was left out (${state}): ${note}`),
  )

const targetLine = ({ top1, round, bytes: until }: NonNullable<Result['target']>) =>
  round === null || until === null
    ? `no round reached ${percent(top1)} on validation`
    : `${percent(top1)} on validation was reached in round ${round}, after ${bytes(until)}`
