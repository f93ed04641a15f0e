export interface Sorting<Key extends string> {
  readonly column: Key
  readonly isDescending: boolean
}

type Sortable = number | string | null

/** A stable sort; what has no value comes last, whichever way. */
export function sorted<T>(items: readonly T[], keyOf: (item: T) => Sortable, isDescending: boolean): T[] {
  return [...items].sort((a, b) => {
    const x = keyOf(a)
    const y = keyOf(b)
    if (x === null || y === null) return Number(x === null) - Number(y === null)
    const order =
      typeof x === 'number' && typeof y === 'number'
        ? x - y
        : String(x).localeCompare(String(y), 'en', { numeric: true })
    return isDescending ? -order : order
  })
}
