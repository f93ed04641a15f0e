/**
 * A recipe while a person writes it: plain JSON that may be unfinished. Read with care, changed by copies, so that
 * undo is a list of documents.
 */
import { allocations, scores } from '../../../shared/methods.ts'
import { stageSchema } from '../../../shared/stages.ts'
import { bytes } from './format.ts'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

/** A step into a document: `['stages', 1, 'sparsity']`. */
export type Path = readonly (string | number)[]

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value at `path`; undefined where there is none. */
export function valueAt(document: unknown, path: Path): Json | undefined {
  return path.reduce<unknown>(
    (value, key) => (value as Record<string | number, unknown> | null | undefined)?.[key],
    document,
  ) as Json | undefined
}

/** A copy with `value` at `path`; undefined removes the key. Objects on the way are made where they are missing. */
export function withValue(document: Json | undefined, path: Path, value: Json | undefined): Json {
  const [key, ...rest] = path
  if (key === undefined) return value ?? null
  if (typeof key === 'number') {
    const list = Array.isArray(document) ? [...document] : []
    list[key] = withValue(list[key], rest, value)
    return list
  }
  const { [key]: old, ...others } = isObject(document) ? document : {}
  if (rest.length === 0 && value === undefined) return others
  // Kept in place, so that the JSON view does not shuffle its keys.
  const entries = Object.entries(isObject(document) ? document : {})
  const next = withValue(old, rest, value)
  if (!entries.some(([k]) => k === key)) return { ...others, [key]: next }
  return Object.fromEntries(entries.map(([k, v]) => [k, k === key ? next : v]))
}

/** `stages[1].sparsity`, the form of `RecipeProblem.path`. */
export const pathText = (path: Path): string =>
  path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : text ? `${text}.${key}` : key), '')

/** The stages as objects; an unreadable one is an empty object. */
export function stagesOf(document: unknown): JsonObject[] {
  const stages = valueAt(document, ['stages'])
  return Array.isArray(stages) ? stages.map(stage => (isObject(stage) ? stage : {})) : []
}

export function seedsOf(document: unknown): number[] {
  const seeds = valueAt(document, ['seeds'])
  return Array.isArray(seeds) ? seeds.filter((seed): seed is number => typeof seed === 'number') : [0]
}

export interface StudySize {
  readonly pairs: number
  readonly losses: number
  /** Whether the best alone runs under more than the first seed. */
  readonly isBestRepeated: boolean
}

/** What a recipe says of a study; undefined where it is one run for each seed. */
export function studyOf(document: unknown): StudySize | undefined {
  const study = valueAt(document, ['study'])
  if (!isObject(study)) return
  const { pairs, losses, repeat } = study
  const length = (list: unknown) => (Array.isArray(list) ? Math.max(1, list.length) : 1)
  return { pairs: length(pairs), losses: length(losses), isBestRepeated: repeat === 'best' }
}

/** How many runs it starts, those that follow from them among them. */
export function runCountOf(document: unknown): number {
  const seeds = seedsOf(document).length
  const study = studyOf(document)
  if (!study) return seeds
  const { pairs, losses, isBestRepeated } = study
  if (!isBestRepeated) return pairs * losses * seeds
  const given = valueAt(document, ['study', 'losses'])
  const kinds = Array.isArray(given) ? new Set(given.map(loss => textAt(loss, ['loss']))).size : 1
  return pairs * (losses + Math.max(1, kinds) * (seeds - 1))
}

export const textAt = (document: unknown, path: Path): string | undefined => {
  const value = valueAt(document, path)
  return typeof value === 'string' ? value : undefined
}

/** 0.7 -> "70 %", 0.123 -> "12.3 %" */
export const sharePercent = (share: number): string => `${Number((share * 100).toFixed(4))} %`

const labelIn = (table: Record<string, { label: string }>, id: Json | undefined): string | undefined =>
  typeof id === 'string' ? (table[id]?.label ?? id) : undefined

/** "Global magnitude 70 %": the last pruning says what the recipe is about. */
export function describeStages(stages: readonly JsonObject[]): string {
  const written = stages.findLast(stage => stage['use'] === 'prune')
  if (!written) return stages.some(stage => stage['use'] === 'evaluate') ? 'Evaluate' : 'Untitled recipe'
  const prune: JsonObject = stageSchema.safeParse(written).data ?? written
  const { allocation, score, sparsity, target } = prune
  const words = [
    labelIn(allocations, allocation),
    labelIn(scores, score)?.toLowerCase(),
    typeof sparsity === 'number' ? sharePercent(sparsity) : targetText(target),
  ]
  return words.filter(word => word !== undefined).join(' ') || 'Prune'
}

function targetText(target: Json | undefined): string | undefined {
  if (!isObject(target)) return undefined
  const { bytes: size, lose } = target
  if (typeof size === 'number') return `to ${bytes(size).replace(/\s/g, ' ')}`
  return typeof lose === 'number' ? `that loses ${sharePercent(lose)} at most` : undefined
}

/** A copy whose name follows its stages, if it did so before the change. */
export function renamed(before: JsonObject, after: JsonObject): JsonObject {
  const name = textAt(before, ['name']) ?? ''
  const followed = name === '' || name === 'Untitled recipe' || name === describeStages(stagesOf(before))
  if (!followed || textAt(after, ['name']) !== textAt(before, ['name'])) return after
  return withValue(after, ['name'], describeStages(stagesOf(after))) as JsonObject
}
