/** A recipe as lines `path value`, in its own order; the name and the seeds stand elsewhere. */
export interface SettingRow {
  readonly path: string
  readonly value: string
}

export function settingRows(recipe: Readonly<Record<string, unknown>>): SettingRow[] {
  const { espalier: _version, name: _name, seeds: _seeds, ...rest } = recipe
  return rowsOf(rest, '')
}

function rowsOf(value: unknown, path: string): SettingRow[] {
  // Numbers and words of a list are one setting.
  if (Array.isArray(value) && value.every(item => typeof item !== 'object'))
    return [{ path, value: value.length > 0 ? value.join(', ') : 'none' }]
  if (Array.isArray(value)) return value.flatMap((item, i) => rowsOf(item, `${path}[${i}]`))
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) => rowsOf(inner, path ? `${path}.${key}` : key))
  }
  return value === undefined ? [] : [{ path, value: String(value) }]
}
