/** What a recipe sets, for a person who looks at a run or compares several. Nothing that is stored depends on it. */
import { type Described, described, memberKeys } from './described.ts'
import { type Recipe, recipeSchema } from './recipe.ts'
import { saysSomething } from './stage.ts'
import { type StageUse, stages } from './stages.ts'

export interface Setting {
  /** In the recipe, such as `stages[1].optimizer.lr`. */
  readonly path: string
  /** Numbers and words of a list are one setting. */
  readonly value: string
  readonly isDefault: boolean
}

/** In the order of the recipe, without what says nothing for its stage. The name and the seeds stand elsewhere. */
export function settingsOf({ espalier: _version, name: _name, seeds: _seeds, ...recipe }: Recipe): Setting[] {
  return settingsIn(recipe, described(recipeSchema), '')
}

function settingsIn(value: unknown, schema: Described | undefined, path: string, initial = schema?.default): Setting[] {
  if (value === undefined) return []
  if (Array.isArray(value)) {
    if (value.some(item => typeof item === 'object'))
      return value.flatMap((item, index) => settingsIn(item, schema?.items, `${path}[${index}]`))
  } else if (isRecord(value)) {
    const member = schema?.oneOf?.find(({ properties }) =>
      memberKeys.some(key => value[key] !== undefined && properties?.[key]?.const === value[key]),
    )
    const properties = (member ?? schema)?.properties
    return Object.entries(value).flatMap(([key, inner]) => {
      if (!isSaidIn(value, key)) return []
      const property = properties?.[key]
      // A choice has the name of its usual member for a default.
      const usual = memberKeys.includes(key) ? initial : property?.default
      return settingsIn(inner, property, path ? `${path}.${key}` : key, usual)
    })
  }
  const text = Array.isArray(value) ? value.join(', ') || 'none' : String(value)
  return [{ path, value: text, isDefault: JSON.stringify(value) === JSON.stringify(initial) }]
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

function isSaidIn(value: Readonly<Record<string, unknown>>, key: string): boolean {
  const sections = stages[value['use'] as StageUse]?.sections ?? []
  return sections.every(section => !section.keys.includes(key) || saysSomething(section, other => value[other]))
}

/**
 * Paths of what runs are told apart by: what is not the same in all of them. Where all that have it have its default, it
 * follows from a stage or a choice that only they have, and counts only if runs with the same stage there differ in it.
 */
export function differingSettings(runs: readonly (readonly Setting[])[]): string[] {
  const byPath = runs.map(settings => new Map(settings.map(setting => [setting.path, setting])))
  const paths = new Set(runs.flatMap(settings => settings.map(({ path }) => path)))
  return [...paths].filter(path => {
    const having = byPath.filter(run => run.has(path))
    const values = having.map(run => run.get(path)!.value)
    if (having.length === runs.length && new Set(values).size === 1) return false
    if (having.some(run => !run.get(path)!.isDefault)) return true
    const uses = having.map(run => run.get(path.replace(/^(stages\[\d+\])?.*$/, '$1.use'))?.value)
    return new Set(values.map((value, index) => `${uses[index]} ${value}`)).size > new Set(uses).size
  })
}
