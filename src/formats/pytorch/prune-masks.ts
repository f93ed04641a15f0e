/** Masks of torch.nn.utils.prune: while a parameter is pruned, PyTorch stores `<name>_orig` and `<name>_mask` for it. */
import { sameDims } from '../../core/graph/dims.ts'
import type { StoredTensor } from '../checkpoint.ts'

export interface Unmasked {
  /** With `<name>` = original x mask in place of each pair. */
  readonly tensors: readonly StoredTensor[]
  /** By the name of the tensor that it belongs to. */
  readonly masks: ReadonlyMap<string, StoredTensor>
}

export function takeMasks(tensors: readonly StoredTensor[]): Unmasked {
  const stored = new Map(tensors.map(tensor => [tensor.name, tensor]))
  const masks = new Map<string, StoredTensor>()
  const joined = tensors.flatMap(tensor => {
    if (tensor.name.endsWith('_mask') && stored.has(tensor.name.replace(/_mask$/, '_orig'))) return []
    const name = tensor.name.replace(/_orig$/, '')
    const mask = name === tensor.name ? undefined : stored.get(`${name}_mask`)
    if (!mask || !sameDims(mask.dims, tensor.dims)) return [tensor]
    masks.set(name, mask)
    return [{ ...tensor, name, read: () => product(tensor.read(), mask.read()) }]
  })
  return { tensors: joined, masks }
}

function product(values: Float32Array, mask: Float32Array): Float32Array {
  // Not value x 0, which would keep the sign of a negative weight on its zero, and NaN.
  return values.map((value, i) => (mask[i] === 0 ? 0 : value))
}
