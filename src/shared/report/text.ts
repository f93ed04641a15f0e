/** Text for a document that a browser shows: escaped, and numbers as a person reads them. */

/** HTML that is safe to put into a document. Made by `html` alone. */
export interface Html {
  readonly html: string
}

type Part = Html | string | number | readonly (Html | string)[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string): string => text.replace(/[&<>"']/g, character => entities[character]!)

/** A template whose values are escaped, unless they are HTML that came out of such a template. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const inserted = parts.map(part => (Array.isArray(part) ? part.map(toText).join('') : toText(part as Html | string)))
  return { html: texts.map((text, index) => text + (inserted[index] ?? '')).join('') }
}

const toText = (part: Html | string | number): string => (typeof part === 'object' ? part.html : escaped(String(part)))

export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`

/** With as many digits as so many samples can tell apart. */
export const accuracy = (share: number, total: number): string => percent(share, total >= 5000 ? 2 : 1)

/** Multiply-accumulates: 40.6 M. */
export function macs(value: number): string {
  const units = [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const
  const [unit, size] = units.find(([, least]) => value >= least) ?? ['', 1]
  return unit === '' ? String(value) : `${(value / size).toPrecision(3)} ${unit}`
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`
}
