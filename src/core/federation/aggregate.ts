/** Sums of the models of many clients. */

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

/** The same for every tensor of `base`. */
export function combineModels(
  base: ReadonlyMap<string, Float32Array>,
  models: readonly ReadonlyMap<string, Float32Array>[],
  coefficients: readonly number[],
): Map<string, Float32Array> {
  return new Map(
    [...base].map(([name, values]) => [
      name,
      combine(
        values,
        models.map(model => model.get(name)!),
        coefficients,
      ),
    ]),
  )
}
