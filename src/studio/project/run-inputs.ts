/** What a run started from, kept with it so that it can be compared after the library has changed. */
import { z } from 'zod'

export const runInputsSchema = z.strictObject({
  data: z.strictObject({ name: z.string(), fingerprint: z.string() }),
  model: z.strictObject({
    name: z.string(),
    architecture: z.string(),
    /** Of the checkpoint; null for fresh weights. */
    fingerprint: z.string().nullable(),
  }),
  /** The engine that the stage keys stand for. */
  engine: z.string(),
  /** Multiply-accumulates of one sample by layer, in forward order; `weights` of the kernel, null without one. */
  layers: z.array(z.strictObject({ name: z.string(), macs: z.int().min(0), weights: z.int().min(1).nullable() })),
})
export type RunInputs = z.infer<typeof runInputsSchema>
