/** How far a federation is, as its state on disk has it. */
import { z } from 'zod'
import { clientRoundSchema, federationResultSchema, roundSchema } from '../../shared/federation.ts'

const count = z.int().min(0)

const visitSchema = z.strictObject({
  /** Counted from 0. */
  client: count,
  record: clientRoundSchema,
  /** What the server weighs an update by, where there is one. */
  work: z.strictObject({ samples: count, steps: count, reach: z.number() }).nullable(),
})
export type Visit = z.output<typeof visitSchema>

export const federationPositionSchema = z.strictObject({
  /** Rounds that are done. */
  rounds: z.array(roundSchema),
  /** Clients of the next one that are done, in their order. */
  visits: z.array(visitSchema),
  /** Whether the client after them is in training: the state then holds its session. */
  isTraining: z.boolean(),
  /** Of all clients in all rounds. */
  steps: count,
  /** The last score of each client's own model. */
  scores: z.array(z.number().nullable()),
  /** What the twin came to, where there is one and it is done. */
  twin: federationResultSchema.optional(),
})
export type FederationPosition = z.output<typeof federationPositionSchema>
