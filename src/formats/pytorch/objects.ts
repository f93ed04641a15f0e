/**
 * What torch.save writes into its pickle: tensors as views of storages. Names after torch/_utils.py and the allow-list
 * of torch/_weights_only_unpickler.py. Nothing here holds values yet; the layouts (zip, legacy) know where they lie.
 */
import type { StoredType } from '../checkpoint.ts'
import { numpyGlobals } from '../codecs/pickle-numpy.ts'
import {
  countsOf,
  invalidPickle,
  isCount,
  isGlobal,
  type PickleGlobals,
  type PickleObject,
  type PicklePlace,
  type PickleValue,
  pickleGlobal,
  textOf,
} from '../codecs/pickle-values.ts'
import { storedTypes } from '../stored-types.ts'

/** `count` elements from element `base` of what the file holds under `key`; several tensors may share one. */
export interface TorchStorage extends PickleObject {
  readonly kind: 'torch-storage'
  readonly key: string
  /** PyTorch's name of the element type, for the notes: `ComplexFloat`. */
  readonly typeName: string
  /** Undefined where there is no place for such elements in f32. */
  readonly type: StoredType | undefined
  /** Bytes an element. */
  readonly elementSize: number
  /** 0, but for the views of the old layout. */
  readonly base: number
  readonly count: number
}

/** Offset and strides count elements of the storage. */
export interface TorchTensor extends PickleObject {
  readonly kind: 'torch-tensor'
  readonly storage: TorchStorage
  readonly offset: number
  readonly dims: readonly number[]
  readonly strides: readonly number[]
}

/** A tensor of a sort that the product does not read (sparse, quantized, 8-bit float, without values). */
export interface UnreadTensor extends PickleObject {
  readonly kind: 'unread-tensor'
  readonly sort: string
}

const unreadStorages: Readonly<Record<string, number>> = {
  ComplexDouble: 16,
  ComplexFloat: 8,
  QUInt8: 1,
  QInt8: 1,
  QInt32: 4,
  QUInt4x2: 1,
  QUInt2x4: 1,
  Untyped: 1,
}

const readStorages: Readonly<Record<string, StoredType>> = {
  Double: 'f64',
  Float: 'f32',
  Half: 'f16',
  BFloat16: 'bf16',
  Long: 'i64',
  Int: 'i32',
  Short: 'i16',
  Char: 'i8',
  Byte: 'u8',
  Bool: 'bool',
}

const dtypes = [
  ...['float64', 'float32', 'float16', 'bfloat16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'],
  ...['complex128', 'complex64', 'uint16', 'uint32', 'uint64', 'quint8', 'qint8', 'qint32'],
  ...['float8_e4m3fn', 'float8_e4m3fnuz', 'float8_e5m2', 'float8_e5m2fnuz'],
]

const unread = (sort: string) => (): UnreadTensor => ({ kind: 'unread-tensor', sort })
const first = ([value]: readonly PickleValue[]): PickleValue => value ?? null

/** What a pickle of torch.save may name. */
export const torchGlobals: PickleGlobals = new Map([
  ...numpyGlobals, // a `best_accuracy` that came from NumPy
  ...Object.keys({ ...readStorages, ...unreadStorages }).map(name => pickleGlobal(`torch.${name}Storage`)),
  pickleGlobal('torch.storage.UntypedStorage'),
  ...dtypes.map(name => pickleGlobal(`torch.${name}`)),
  pickleGlobal('torch._utils._rebuild_tensor', rebuildTensor),
  pickleGlobal('torch._utils._rebuild_tensor_v2', rebuildTensor),
  pickleGlobal('torch._utils._rebuild_tensor_v3', args => {
    const dtype = args[6]
    return unread(isGlobal(dtype) ? dtype.name.replace('torch.', '') : 'unknown type')()
  }),
  pickleGlobal('torch._utils._rebuild_parameter', first),
  pickleGlobal('torch._utils._rebuild_parameter_with_state', first),
  pickleGlobal('torch._tensor._rebuild_from_type_v2', rebuildFromType),
  ...['per_tensor_affine', 'per_tensor_symmetric', 'per_channel_affine', 'per_channel_symmetric'].map(name =>
    pickleGlobal(`torch.${name}`),
  ),
  pickleGlobal('torch._utils._rebuild_qtensor', unread('quantized')),
  pickleGlobal('torch._utils._rebuild_sparse_tensor', unread('sparse')),
  pickleGlobal('torch._utils._rebuild_meta_tensor_no_storage', unread('meta')),
  pickleGlobal('torch.serialization._get_layout', first),
  pickleGlobal('torch.Tensor'),
  pickleGlobal('torch.nn.parameter.Parameter', first),
  pickleGlobal('torch.nn.parameter.Buffer', first),
  pickleGlobal('torch.Size', first),
  pickleGlobal('torch.device', first),
  pickleGlobal('collections.OrderedDict', dict),
  // MultiStepLR keeps its milestones in a Counter.
  pickleGlobal('collections.Counter', ([counts]) => (counts instanceof Map ? counts : new Map())),
  pickleGlobal('collections.defaultdict', () => new Map()), // its argument makes what is not there
  pickleGlobal('argparse.Namespace', () => new Namespace()),
  ...['builtins', '__builtin__'].flatMap(module => [
    pickleGlobal(`${module}.set`, args => new Set(listOf(args[0]))),
    ...['list', 'dict', 'int', 'float'].map(name => pickleGlobal(`${module}.${name}`)),
  ]),
])

const listOf = (value: PickleValue | undefined): PickleValue[] => (Array.isArray(value) ? value : [])

/** Python 2 writes an OrderedDict's items as pairs; Python 3 sets them afterwards. */
function dict(args: readonly PickleValue[]): Map<PickleValue, PickleValue> {
  const entries = listOf(args[0]).filter(pair => Array.isArray(pair) && pair.length === 2)
  return new Map(
    entries.map(pair => {
      const [key, value] = pair as [PickleValue, PickleValue]
      return [textOf(key) ?? key, value]
    }),
  )
}

/** The arguments of a training script, which many save beside the weights: names and values. */
class Namespace extends Map<PickleValue, PickleValue> {
  setState(state: PickleValue): void {
    if (state instanceof Map) for (const [name, value] of state) this.set(name, value)
  }
}

/** (storage, offset, dims, strides, ...): what follows is about gradients. */
function rebuildTensor([storage, offset, dims, strides]: readonly PickleValue[], at: PicklePlace): TorchTensor {
  const sizes = countsOf(dims)
  const steps = countsOf(strides)
  if (!isTorchStorage(storage) || !isCount(offset) || !sizes || !steps || sizes.length !== steps.length) {
    throw invalidPickle(at, 'a tensor without storage, offset, dims or strides')
  }
  const isEmpty = sizes.includes(0)
  const last = sizes.reduce((sum, size, axis) => sum + (size - 1) * steps[axis]!, offset)
  if (!isEmpty && last >= storage.count) {
    throw invalidPickle(
      at,
      `a tensor of ${sizes.join(' x ')} reaches past the ${storage.count} elements of its storage`,
    )
  }
  return { kind: 'torch-tensor', storage, offset, dims: sizes, strides: steps }
}

/** (function, type, args, state): a tensor with attributes of its own, or of a subclass. */
function rebuildFromType([build, , args]: readonly PickleValue[], at: PicklePlace): PickleValue {
  if (!isGlobal(build) || !build.name.startsWith('torch._utils._rebuild_') || !build.call) {
    throw invalidPickle(at, 'a tensor that is not rebuilt by a function of torch._utils')
  }
  return build.call(listOf(args), at)
}

export const isTorchStorage = (value: PickleValue | undefined): value is TorchStorage => isKind(value, 'torch-storage')
export const isTorchTensor = (value: PickleValue | undefined): value is TorchTensor => isKind(value, 'torch-tensor')
export const isUnreadTensor = (value: PickleValue | undefined): value is UnreadTensor => isKind(value, 'unread-tensor')

const isKind = (value: PickleValue | undefined, kind: string): boolean =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind

/** The element type that a persistent id names, such as `torch.FloatStorage`. */
export function storageTypeOf(
  value: PickleValue | undefined,
  at: PicklePlace,
): Pick<TorchStorage, 'typeName' | 'type' | 'elementSize'> {
  const typeName = /^torch\.(?:storage\.)?(\w+)Storage$/.exec(isGlobal(value) ? value.name : '')?.[1]
  if (typeName === undefined) throw invalidPickle(at, 'a storage without an element type')
  const type = readStorages[typeName]
  return { typeName, type, elementSize: type ? storedTypes[type].size : unreadStorages[typeName]! }
}

/** For a pickle that names what is not on the list: mostly a whole model, which refers to its classes. */
export const saveWeightsHint =
  'If it is your own, save the weights alone: torch.save(model.state_dict(), path). A whole saved model is a program.'
