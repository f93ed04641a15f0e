/** A pruned kernel without its zeros: a bit for each weight, and the weights that are kept. */

export interface PackedKernel {
  /** The mask: the first weight in the lowest bit of the first byte, set where it is kept. */
  readonly bits: Uint8Array
  /** In the order of the kernel. */
  readonly kept: Float32Array
}

export const bitBytes = (weights: number): number => Math.ceil(weights / 8)

export function packKernel(values: Float32Array, mask: Uint8Array): PackedKernel {
  const bits = new Uint8Array(bitBytes(values.length))
  const kept = new Float32Array(mask.reduce((sum, bit) => sum + bit, 0))
  let at = 0
  for (let i = 0; i < values.length; i++) {
    if (mask[i] === 1) {
      bits[i >> 3]! |= 1 << (i & 7)
      kept[at++] = values[i]!
    } else if (values[i] !== 0) throw new Error(`weight ${i} is masked and not zero`)
  }
  return { bits, kept }
}

/** Undefined where bits and weights do not belong together, or to a kernel of `weights`. */
export function unpackKernel(
  weights: number,
  { bits, kept }: PackedKernel,
): { values: Float32Array; mask: Uint8Array } | undefined {
  if (bits.length !== bitBytes(weights)) return
  const [values, mask] = [new Float32Array(weights), new Uint8Array(weights)]
  let at = 0
  for (let i = 0; i < bits.length * 8; i++) {
    if (((bits[i >> 3]! >> (i & 7)) & 1) === 0) continue
    if (i >= weights || at >= kept.length) return
    mask[i] = 1
    values[i] = kept[at++]!
  }
  return at === kept.length ? { values, mask } : undefined
}
