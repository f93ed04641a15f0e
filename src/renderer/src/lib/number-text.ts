/** Numbers as a person types them: a comma or a point, and per cent for shares. */

/** Undefined for nothing, the text itself where it is no number, so that the check can name it. */
export function parseNumber(text: string): number | string | undefined {
  const trimmed = text.trim().replace(',', '.')
  if (trimmed === '') return undefined
  const perCent = /^([-+]?[\d.]+)\s*%$/.exec(trimmed)
  // Decimal shift by exponent: 33.3 / 100 would be 0.33299999999999996.
  const number = perCent ? Number(`${perCent[1]}e-2`) : Number(trimmed)
  return Number.isFinite(number) ? number : text.trim()
}

/** "0, 1, 2" or "0-4" -> whole numbers; what is no number stays text. */
export function parseIntegers(text: string): (number | string)[] {
  return text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .flatMap(part => {
      const range = /^(\d+)(?:-|–|\.\.)(\d+)$/.exec(part)
      if (!range) return [Number.isInteger(Number(part)) ? Number(part) : part]
      const [from, to] = [Number(range[1]), Number(range[2])]
      // A hundred is the most a recipe takes; a slip of the finger must not make a million.
      return to < from || to - from > 200 ? [part] : Array.from({ length: to - from + 1 }, (_, i) => from + i)
    })
}

/** "0.3, 0.5; 70 %" -> shares, in the order given, each once. */
export function parseShares(text: string): (number | string)[] {
  // A comma between two digits with a space after it separates; "0,3" alone is a decimal comma.
  const parts = text
    .replace(/\s+%/g, '%')
    .split(/[;\s]+|,(?=\s)|,(?!\d)|(?<=\.\d+),(?=\d)|(?<=%),/)
    .map(part => part.replace(/,$/, ''))
    .filter(Boolean)
  return [...new Set(parts.map(part => parseNumber(part) ?? part))]
}

/** "conv1 0.5; linear: 0" -> numbers by name; a part that is no name and number keeps its text, so that the check can name it. */
export function parseNamed(text: string): Record<string, number | string> {
  const parts = text.split(/[;\n]|,(?=\s)/).map(part => part.trim())
  return Object.fromEntries(
    parts.filter(Boolean).map(part => {
      const pair = /^(\S+?)(?:\s*[:=]\s*|\s+)(.+)$/.exec(part)
      return pair ? [pair[1]!, parseNumber(pair[2]!) ?? pair[2]!] : [part, '']
    }),
  )
}

/** As `parseNamed` reads it. */
export const namedText = (named: Readonly<Record<string, unknown>>): string =>
  Object.entries(named)
    .map(([name, value]) => `${name}: ${value}`)
    .join('; ')
