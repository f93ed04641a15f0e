/** Numbers with what they count. */

/** 36864 -> "36,864" */
export const count = (n: number): string => n.toLocaleString('en-US')

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`

/** The unit of a parameter, which is declared in the plural, as it stands behind the number. */
export const unitBehind = (n: number | undefined, unit: string): string =>
  n === 1 ? unit.replace(/(?<=ch)es$|s$/, '') : unit
