/**
 * The slice of @tensorflow/tfjs-node-gpu 4.22 that the engine uses, as types. The package's own declarations
 * pull in the whole of tfjs with its browser types; this page says exactly what we lean on instead.
 */

export type TypedArray = Float32Array | Int32Array | Uint8Array

/** The element types tfjs knows on the JavaScript side. Graphs may use more inside (bf16, f16, uint8). */
export type DataType = 'float32' | 'int32' | 'bool' | 'complex64' | 'string'

/**
 * A tensor that lives in TensorFlow. On a CPU it may share memory with the typed array it was made from:
 * do not change or reuse that array before `dispose`.
 */
export interface Tensor {
  readonly shape: number[]
  readonly dtype: DataType
  /** Number of elements. */
  readonly size: number
  readonly isDisposed: boolean
  /** The values, row-major. Blocks until they are computed. */
  dataSync(): TypedArray
  dispose(): void
}

export interface Tfjs {
  tensor(values: TypedArray, shape: readonly number[], dtype?: DataType): Tensor
  /** Counts of tfjs itself: constant counts over a loop mean that no tensor was forgotten. */
  memory(): { readonly numTensors: number; readonly numBytes: number }
  backend(): Backend
}

/** One attribute of an op that is executed by name; `type` is one of the binding's `TF_ATTR_*` numbers. */
export interface OpAttribute {
  readonly name: string
  readonly type: number
  readonly value: boolean | number | string | readonly number[]
}

/** What the addon says about a tensor it holds: its handle, shape and TensorFlow data type number. */
export interface TensorMetadata {
  readonly id: number
  readonly shape: number[]
  readonly dtype: number
}

/** The native addon. Every call runs on, and blocks, the calling thread. */
export interface Binding {
  createTensor(shape: readonly number[], dtype: number, values: TypedArray): number
  deleteTensor(tensorId: number): void
  tensorDataSync(tensorId: number): TypedArray
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputIds: readonly number[],
    outputs: number,
  ): TensorMetadata[]
  /** Loads the SavedModel in `folder` under `tags` (comma-separated) into a session of its own and returns its number. */
  loadSavedModel(folder: string, tags: string): number
  deleteSavedModel(id: number): void
  /** `inputNames` and `outputNames` are comma-separated lists such as `images:0,labels:0`. */
  runSavedModel(id: number, inputIds: readonly number[], inputNames: string, outputNames: string): TensorMetadata[]
  getNumOfSavedModels(): number
  getNumOfTensors(): number
  isUsingGpuDevice(): boolean
  readonly TF_FLOAT: number
  readonly TF_INT32: number
  readonly TF_INT64: number
  readonly TF_BOOL: number
  readonly TF_UINT8: number
  readonly TF_ATTR_STRING: number
  readonly TF_ATTR_INT: number
  readonly TF_ATTR_FLOAT: number
  readonly TF_ATTR_BOOL: number
  readonly TF_ATTR_TYPE: number
  readonly TF_ATTR_SHAPE: number
  readonly TF_Version: string
}

export interface Backend {
  readonly binding: Binding
  /** Runs a loaded SavedModel: feeds `inputs[i]` to the graph tensor `inputInfos[i].name`, fetches `outputs` in order. */
  runSavedModel(
    id: number,
    inputs: readonly Tensor[],
    inputInfos: readonly { readonly name: string }[],
    outputs: readonly string[],
  ): Tensor[]
  executeSingleOutput(name: string, attributes: readonly OpAttribute[], inputs: readonly Tensor[]): Tensor
  executeMultipleOutputs(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[]
  /** Wraps a tensor that the addon holds. Private in the package's own types; the only way to a uint8 tensor. */
  createOutputTensor(metadata: TensorMetadata): Tensor
}
