/** Sums of the models of many clients. */
import type { Masks, Weights } from '../graph/model.ts'

/** Values that are summed in double precision at a time: they stay in the nearest cache. */
const block = 4096

/**
 * base + sum of coefficient_i (values_i - base), in double precision, rounded once. Arrays of one length, in a fixed order;
 * a new array. Where the coefficients sum to 1 it is their weighted mean, and a single one of 1 gives its values as they are.
 */
export function combine(
  base: Float32Array,
  values: readonly Float32Array[],
  coefficients: readonly number[],
): Float32Array {
  const kept = 1 - coefficients.reduce((sum, coefficient) => sum + coefficient, 0)
  const result = new Float32Array(base.length)
  const sums = new Float64Array(block)
  for (let from = 0; from < base.length; from += block) {
    const to = Math.min(from + block, base.length)
    for (let i = from; i < to; i++) sums[i - from] = kept * base[i]!
    for (let client = 0; client < values.length; client++) addTo(sums, values[client]!, coefficients[client]!, from, to)
    for (let i = from; i < to; i++) result[i] = sums[i - from]!
  }
  return result
}

function addTo(sums: Float64Array, values: Float32Array, coefficient: number, from: number, to: number): void {
  for (let i = from; i < to; i++) sums[i - from]! += coefficient * values[i]!
}

/**
 * The same where clients hold different parts of a tensor: an entry is the mean of those that hold it, by their coefficients,
 * which sum to 1 over all; one that nobody holds stays. `parts`: 1 = held, one a client. HeteroFL (Diao, Ding and Tarokh 2021),
 * section 3.
 */
export function combineParts(
  base: Float32Array,
  values: readonly Float32Array[],
  coefficients: readonly number[],
  parts: readonly Uint8Array[],
): Float32Array {
  return base.map((own, i) => {
    let [sum, weight] = [0, 0]
    for (const [client, coefficient] of coefficients.entries()) {
      if (parts[client]![i] === 0) continue
      sum += coefficient * values[client]![i]!
      weight += coefficient
    }
    return weight > 0 ? sum / weight : own
  })
}

/** The same for every tensor of `base`. `parts`: what each client holds of each tensor; absent where all hold everything. */
export function combineModels(
  base: Weights,
  models: readonly Weights[],
  coefficients: readonly number[],
  parts?: readonly Masks[],
): Map<string, Float32Array> {
  return new Map(
    [...base].map(([name, values]) => {
      const own = models.map(model => model.get(name)!)
      return [
        name,
        parts
          ? combineParts(
              values,
              own,
              coefficients,
              parts.map(part => part.get(name)!),
            )
          : combine(values, own, coefficients),
      ]
    }),
  )
}
