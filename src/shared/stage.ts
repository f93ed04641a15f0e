/**
 * How a stage is declared: once. The parameters' schema carries label, help, unit, range and default; the form, the
 * command-line help, the validation and the reference page all derive from it (`z.toJSONSchema` in io mode `input`).
 */
import { z } from 'zod'

/** What a person reads beside a parameter. Ranges and defaults stand in the schema itself. */
export interface ParameterText {
  readonly label: string
  readonly help: string
  readonly unit?: string
  /** What a form offers while it is typed: the checkpoints of the library. */
  readonly suggests?: 'checkpoints'
  /** Labels of an enumeration's values, when the values are not words. */
  readonly choices?: Readonly<Record<string, { readonly label: string; readonly help: string }>>
}

declare module 'zod' {
  interface GlobalMeta extends Partial<ParameterText> {}
}

/** Parameters that belong together in a form; those of no section come first. */
export interface Section<Key extends string = string> {
  /** Without one its parameters stand among those of no section. */
  readonly label?: string
  readonly help?: string
  readonly keys: readonly Key[]
  /** They say nothing unless this parameter has one of these values; forms and lists of settings leave them out then. */
  readonly when?: { readonly key: Key; readonly is: readonly string[] }
}

/** Whether its parameters say anything in a stage that has these values. */
export const saysSomething = ({ when }: Section, valueAt: (key: string) => unknown): boolean =>
  !when || when.is.includes(String(valueAt(when.key)))

/** A stage whose parameters are each right, and where to put what is wrong with them together. */
interface Found<Parameters extends z.ZodRawShape> {
  readonly value: z.output<z.ZodObject<Parameters>>
  readonly issues: z.core.$ZodRawIssue[]
}

/** `use` is the permanent id. A stage that `changesModel` leaves weights or masks other than it found. */
export function defineStage<Use extends string, Parameters extends z.ZodRawShape, Result extends z.ZodRawShape>(stage: {
  readonly use: Use
  readonly label: string
  readonly help: string
  readonly changesModel: boolean
  readonly parameters: Parameters
  readonly sections?: readonly Section<keyof Parameters & string>[]
  /** What parameters must be to each other; called when each of them is right. */
  readonly check?: (found: Found<Parameters>) => void
  readonly result: Result
}) {
  const schema = z.strictObject({ use: z.literal(stage.use), ...stage.parameters })
  const { check } = stage
  return {
    ...stage,
    sections: (stage.sections ?? []) as readonly Section[],
    /** The stage as it stands in a recipe. */
    schema: check ? schema.check(found => check(found as unknown as Found<Parameters>)) : schema,
    resultSchema: z.strictObject(stage.result),
  }
}

/** Zeros and weights are counted over prunable weights: convolution and linear kernels, the last one included. */
export const sparsityCounts = {
  zeros: z.int().min(0),
  weights: z.int().min(1),
}

export const layerSparsitySchema = z.strictObject({
  /** Layer name, such as `layer1.0.conv1`. */
  name: z.string(),
  weights: z.int().min(1),
  zeros: z.int().min(0),
})
export type LayerSparsity = z.infer<typeof layerSparsitySchema>
