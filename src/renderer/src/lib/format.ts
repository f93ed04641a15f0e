/** Numbers as a person reads them: grouped digits, SI prefixes, units, no false precision. */

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const thinSpace = '\u202f'
const minus = '\u2212'

/** 268336 -> "268,336" */
export const count = (value: number): string => grouped.format(value)

const prefixes = [
  { factor: 1e12, symbol: 'T' },
  { factor: 1e9, symbol: 'G' },
  { factor: 1e6, symbol: 'M' },
  { factor: 1e3, symbol: 'k' },
]

/** Three to four digits with an SI prefix: 268336 -> "268.3 k", 40551552 -> "40.6 M". */
export function si(value: number): string {
  const prefix = prefixes.find(({ factor }) => Math.abs(value) >= factor)
  if (!prefix) return Number.isInteger(value) ? String(value) : value.toPrecision(3)
  return `${(value / prefix.factor).toFixed(1)}${thinSpace}${prefix.symbol}`
}

/**
 * Digits after the point that a share of `total` has: 915 of 1,000 is 91.5 %, not 91.50 %; 5 of 40 is 12.5 %, because
 * rounded shares and their differences would not fit each other.
 */
export function shareDigits(total: number): number {
  if (total >= 5000) return 2
  return total > 0 && total <= 20 && 100 % total === 0 ? 0 : 1
}

/** 0.915 -> "91.5 %" */
export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)}${thinSpace}%`
}

/** Percentage points with a sign: -0.009 -> "−0.9" */
export function points(difference: number, digits = 1): string {
  const text = Math.abs(difference * 100).toFixed(digits)
  if (Number(text) === 0) return `±${text}`
  return `${difference < 0 ? minus : '+'}${text}`
}

/** Four digits at most: 0.63271 -> "0.6327", 0.0000021 -> "2.1e-6" */
export function short(value: number, precision = 4): string {
  const rounded = Number(value.toPrecision(precision))
  return rounded !== 0 && Math.abs(rounded) < 1e-3 ? rounded.toExponential().replace('-', minus) : String(rounded)
}

/** As many digits for each, for columns: 13.04 -> "13.0", 0.18 -> "0.180" */
export function significant(value: number, digits = 3): string {
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6))
    return value
      .toExponential(digits - 1)
      .replace('e-', `e${minus}`)
      .replace('e+', 'e')
  return value === 0
    ? '0'
    : Number(value.toPrecision(digits)) >= 10 ** digits
      ? count(Math.round(value))
      : value.toPrecision(digits)
}

/** 0.042 -> "42 ms", 12.34 -> "12.3 s", 125 -> "2 min 05 s", 7500 -> "2 h 05 min" */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)}${thinSpace}ms`
  if (seconds < 59.95) return `${seconds.toFixed(1)}${thinSpace}s`
  const whole = Math.round(seconds)
  const two = (n: number) => String(n).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)}${thinSpace}min ${two(whole % 60)}${thinSpace}s`
  return `${Math.floor(whole / 3600)}${thinSpace}h ${two(Math.floor((whole % 3600) / 60))}${thinSpace}min`
}

/** Of a remaining time, which is an estimate: no decimals. */
export function timeLeft(seconds: number): string {
  if (seconds < 1) return 'under 1 s left'
  return `${duration(Math.max(1, Math.round(seconds))).replace('.0', '')} left`
}

/** Decimal, as traffic and files are counted: 1463000 -> "1.5 MB" */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = value > 0 ? Math.min(Math.floor(Math.log10(value) / 3), units.length - 1) : 0
  const scaled = value / 1000 ** power
  return `${power === 0 ? scaled : scaled.toFixed(1)}${thinSpace}${units[power]}`
}

/** [16, 3, 3, 3] -> "16 × 3 × 3 × 3" */
export const dims = (values: readonly number[]): string => values.join('\u2009×\u2009')

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const dayAndTime = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'medium' })

export const timeOfDay = (at: number): string => clock.format(at)
export const fullTime = (at: number): string => full.format(at)

/** "14:03" today, "3 Nov, 14:03" on other days. */
export function moment(at: number, now = Date.now()): string {
  const sameDay = new Date(at).toDateString() === new Date(now).toDateString()
  return sameDay ? clock.format(at).slice(0, 5) : dayAndTime.format(at)
}

export { plural, unitBehind } from '../../../shared/plural.ts'
