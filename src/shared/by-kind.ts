/**
 * A choice whose members have parameters of their own: `{ "kind": "cosine", "minimum": 1e-4 }`. A recipe may write the kind
 * alone, as a string; what is kept is always the object. Some choices say `mode` for it.
 */
import { z } from 'zod'

/** What a member may be told apart by. */
export const kindKeys = ['kind', 'mode'] as const
export type KindKey = (typeof kindKeys)[number]

type Option<Key extends KindKey> = z.ZodObject<{ [K in Key]: z.ZodLiteral<string> } & z.ZodRawShape>
type KindOptions = readonly [Option<'kind'>, ...Option<'kind'>[]]
type ModeOptions = readonly [Option<'mode'>, ...Option<'mode'>[]]

/** `usual` is the kind of an object that names none; without it, one has to be named. */
export function byKind<const O extends KindOptions>(options: O, usual?: z.output<O[0]>['kind']) {
  type Written = z.input<O[number]> | z.output<O[number]>['kind'] | Omit<z.input<O[0]>, 'kind'>
  const union = z.discriminatedUnion('kind', options as unknown as [O[number], ...O[number][]])
  return z.preprocess((value: Written) => asObject('kind', value, usual), union)
}

/** The same for a choice by mode, one of which has to be named. */
export function byMode<const O extends ModeOptions>(options: O) {
  type Written = z.input<O[number]> | z.output<O[number]>['mode']
  const union = z.discriminatedUnion('mode', options as unknown as [O[number], ...O[number][]])
  return z.preprocess((value: Written) => asObject('mode', value, undefined), union)
}

function asObject(key: KindKey, value: unknown, usual: unknown): unknown {
  if (typeof value === 'string') return { [key]: value }
  const isUnnamed = usual !== undefined && typeof value === 'object' && value !== null && !(key in value)
  return isUnnamed ? { [key]: usual, ...value } : value
}
