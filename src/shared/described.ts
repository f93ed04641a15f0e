/** Schemas as data: what stands in them of each value, for whoever writes of recipes without knowing their parts. */
import { z } from 'zod'
import { kindKeys } from './by-kind.ts'

/** The part of JSON Schema, with our own label, that is read of it. */
export interface Described {
  readonly label?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, Described>>
  readonly items?: Described
  readonly oneOf?: readonly Described[]
  readonly anyOf?: readonly Described[]
}

/** What members of a choice are told apart by: stages, and kinds of other things. */
export const memberKeys: readonly string[] = ['use', ...kindKeys]

const known = new Map<z.ZodType, Described>()

export function described(schema: z.ZodType): Described {
  const found = known.get(schema) ?? (z.toJSONSchema(schema, { io: 'input' }) as Described)
  known.set(schema, found)
  return found
}
