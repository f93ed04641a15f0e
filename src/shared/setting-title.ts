/** Headings of the settings that runs are compared by: "Prune: allocation" for `stages[1].allocation`. */
import { type Described, described, memberKeys } from './described.ts'
import { recipeSchema } from './recipe.ts'
import { type StageUse, stages } from './stages.ts'

interface Compared {
  /** By path in the recipe. */
  readonly settings: Readonly<Record<string, string>>
}

/**
 * In the words of the form. A stage is called by its name, with its place where runs have several of the kind, or by its
 * place alone where they have different ones there.
 */
export function settingTitle(path: string, runs: readonly Compared[]): string {
  const [, place, rest = ''] = /^stages\[(\d+)\]\.?(.*)$/.exec(path) ?? []
  if (place === undefined) {
    const [group = '', ...keys] = path.split('.')
    return joined(capitalised(group), labels(described(recipeSchema).properties?.[group] ?? {}, keys))
  }
  const uses = new Set(runs.flatMap(({ settings }) => settings[`stages[${place}].use`] ?? []))
  const [use] = uses
  const number = `stage ${Number(place) + 1}`
  if (uses.size !== 1 || !isUse(use)) return joined(capitalised(number), rest === 'use' ? [] : [rest])
  const { label, schema } = stages[use]
  const isRepeated = runs.some(
    ({ settings }) =>
      Object.entries(settings).filter(([key, value]) => key.endsWith('.use') && value === use).length > 1,
  )
  return joined(isRepeated ? `${label} (${number})` : label, labels(described(schema), rest.split('.')))
}

const isUse = (use: string | undefined): use is StageUse => use !== undefined && use in stages

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
/** Within a heading; names such as "MACs" stay. */
const lowered = (text: string): string =>
  /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text

function joined(head: string, parts: readonly string[]): string {
  const text = parts.map(lowered).join(', ')
  return text === '' || text === lowered(head) ? head : `${head}: ${text}`
}

/** What has no label of its own, such as the layers of a table by layer, stays as it is written. */
function labels(schema: Described, keys: readonly string[]): string[] {
  const [key, ...rest] = keys
  if (key === undefined || memberKeys.includes(key)) return []
  const [, name = key, index] = /^(.*?)\[(\d+)\]$/.exec(key) ?? []
  const property = propertyOf(schema, name)
  if (!property) return [keys.join('.')]
  const label = property.label ?? name
  if (index === undefined) return [label, ...labels(property, rest)]
  const { items = {} } = property
  return [`${items.label ?? label} ${Number(index) + 1}`, ...labels(items, rest)]
}

function propertyOf(schema: Described, key: string): Described | undefined {
  const own = schema.properties?.[key]
  if (own) return own
  for (const option of schema.oneOf ?? schema.anyOf ?? []) {
    const found = propertyOf(option, key)
    if (found) return found
  }
  return undefined
}
