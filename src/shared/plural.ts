/** Numbers with what they count. */

export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`

/** The unit of a parameter, which is declared in the plural, as it stands behind the number. */
export const unitBehind = (n: number | undefined, unit: string): string =>
  n === 1 ? unit.replace(/(?<=ch)es$|s$/, '') : unit
