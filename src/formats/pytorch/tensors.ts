/** Values of a PyTorch tensor: a strided view of a storage becomes a row-major array. */
import { EspalierError } from '../../shared/errors.ts'
import type { StoredTensor, StoredType } from '../checkpoint.ts'
import { elementsOf, storedTypes, toFloat32 } from '../stored-types.ts'
import type { TorchTensor } from './objects.ts'

/** Little-endian bytes of a storage, by its key: `length` from `offset`. */
export type StorageBytes = (key: string, offset: number, length: number) => Uint8Array

/** A view with stride 0 (`expand`) may be larger than its storage; up to here that is no attack. */
const MAX_EXPANDED = 2 ** 24

/** Undefined where the elements are of a type that has no place in f32. */
export function storedTensor(
  path: string,
  name: string,
  tensor: TorchTensor,
  bytesOf: StorageBytes,
): StoredTensor | undefined {
  const { type } = tensor.storage
  if (type === undefined) return undefined
  const count = elementsOf(tensor.dims)
  if (count > Math.max(MAX_EXPANDED, tensor.storage.count)) {
    throw new EspalierError({
      code: 'file.corrupt',
      message: `${path} declares ${count} elements for tensor "${name}", but stores ${tensor.storage.count}.`,
      file: path,
    })
  }
  return { name, dims: tensor.dims, type, read: () => readTensor(tensor, type, count, bytesOf) }
}

function readTensor(tensor: TorchTensor, type: StoredType, count: number, bytesOf: StorageBytes): Float32Array {
  if (count === 0) return new Float32Array(0)
  const { storage, offset, dims, strides } = tensor
  const { size } = storedTypes[type]
  const span = dims.reduce((sum, dim, axis) => sum + (dim - 1) * strides[axis]!, 1)
  const values = toFloat32(type, bytesOf(storage.key, (storage.base + offset) * size, span * size))
  return isContiguous(dims, strides) ? values : gather(values, dims, strides, count)
}

function isContiguous(dims: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  return dims.toReversed().every((dim, back) => {
    const isNext = dim === 1 || strides.at(-1 - back) === expected
    expected *= dim
    return isNext
  })
}

/** Walks the indices in row-major order; `at` is the element of the current index. */
function gather(
  values: Float32Array,
  dims: readonly number[],
  strides: readonly number[],
  count: number,
): Float32Array {
  const out = new Float32Array(count)
  const index = dims.map(() => 0)
  for (let i = 0, at = 0; i < count; i++) {
    out[i] = values[at]!
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      at += strides[axis]!
      index[axis]!++
      if (index[axis]! < dims[axis]!) break
      at -= dims[axis]! * strides[axis]!
      index[axis] = 0
    }
  }
  return out
}
