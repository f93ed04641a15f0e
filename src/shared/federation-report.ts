/** What a federation says of itself while it works, and what has come together of that so far. */
import { z } from 'zod'
import { holderSchema, roundSchema } from './federation.ts'

const count = z.int().min(0)

export const federationReportSchema = z.discriminatedUnion('kind', [
  /** Before its first round, and again when it goes on; after a twin, of the pruned federation. */
  z.strictObject({
    kind: z.literal('begins'),
    clients: z.array(holderSchema),
    /** Names of the prunable layers, in the order of a client's `sent`. */
    layers: z.array(z.string()),
  }),
  /** After each round; `isTwin`: of the unpruned twin. */
  z.strictObject({ kind: z.literal('round'), isTwin: z.boolean(), round: roundSchema }),
])
export type FederationReport = z.output<typeof federationReportSchema>

/** A report at a step of its stage: where the record of a run that goes on is cut. */
export const reportedFederationSchema = z.strictObject({ stage: count, step: count, report: federationReportSchema })
export type ReportedFederation = z.output<typeof reportedFederationSchema>

/** A federation whose stage has no result yet, be it at work or ended early. */
export const federationSoFarSchema = z.strictObject({
  stage: count,
  clients: z.array(holderSchema),
  layers: z.array(z.string()),
  /** Rounds that are done, in order; those of the unpruned twin apart. */
  rounds: z.array(roundSchema),
  twin: z.array(roundSchema),
})
export type FederationSoFar = z.output<typeof federationSoFarSchema>

/** The round that is at work. */
export const roundProgressSchema = z.strictObject({
  isTwin: z.boolean(),
  /** 1, 2, 3 ... of `rounds`. */
  round: z.int().min(1),
  rounds: z.int().min(1),
  /** The one in training; null while the server averages and scores. */
  client: z.int().min(1).nullable(),
  /** Clients of the round that have had their turn, of `clients`. */
  visited: count,
  clients: count,
  /** Samples that were trained on and scored, of those of the round. */
  done: z.number(),
  total: z.number(),
})
export type RoundProgress = z.output<typeof roundProgressSchema>

/** A round that is told again, as after a resume, replaces the one that is there. */
export function withReport(
  federations: readonly FederationSoFar[],
  { stage, report }: Pick<ReportedFederation, 'stage' | 'report'>,
): FederationSoFar[] {
  const known = federations.find(federation => federation.stage === stage)
  const before = known ?? { stage, clients: [], layers: [], rounds: [], twin: [] }
  const next = report.kind === 'begins' ? { ...before, ...contentOf(report) } : withRound(before, report)
  return known ? federations.map(federation => (federation === known ? next : federation)) : [...federations, next]
}

const contentOf = ({ clients, layers }: Extract<FederationReport, { kind: 'begins' }>) => ({ clients, layers })

function withRound(
  federation: FederationSoFar,
  { isTwin, round }: Extract<FederationReport, { kind: 'round' }>,
): FederationSoFar {
  const key = isTwin ? 'twin' : 'rounds'
  const others = federation[key].filter(other => other.round !== round.round)
  return { ...federation, [key]: [...others, round].sort((a, b) => a.round - b.round) }
}
