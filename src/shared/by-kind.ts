/**
 * A choice whose members have parameters of their own: `{ "kind": "cosine", "minimum": 1e-4 }`. A recipe may write the kind
 * alone, as a string; what is kept is always the object.
 */
import { z } from 'zod'

type Option = z.ZodObject<{ kind: z.ZodLiteral<string> } & z.ZodRawShape>
type Options = readonly [Option, ...Option[]]
type Written<O extends Options> = z.input<O[number]> | z.output<O[number]>['kind'] | Omit<z.input<O[0]>, 'kind'>

/** `usual` is the kind of an object that names none; without it, one has to be named. */
export function byKind<const O extends Options>(options: O, usual?: z.output<O[0]>['kind']) {
  const union = z.discriminatedUnion('kind', options as unknown as [O[number], ...O[number][]])
  const withKind = (value: Written<O>): unknown => {
    if (typeof value === 'string') return { kind: value }
    const isUnnamed = usual !== undefined && typeof value === 'object' && value !== null && !('kind' in value)
    return isUnnamed ? { kind: usual, ...(value as object) } : value
  }
  return z.preprocess(withKind, union)
}
