/**
 * A Model is an ONNX-vocabulary graph and named weights (design, section 3). The graph is plain serialisable data:
 * nodes carry ONNX op names and attributes, parameters keep ONNX layout (OIHW for convolutions, [out, in] for Gemm
 * with transB = 1) and are f32. Layout changes to NHWC/HWIO happen in the compiler only.
 */

/**
 * The ops the product understands. Each has one file in `graph/ops/` (shape, cost) and one in the engine.
 * All are ONNX's but `FastGRNN` and `ChannelGate` (their files in `graph/ops/` say why).
 */
export type OpType =
  | 'Conv'
  | 'BatchNormalization'
  | 'Relu'
  | 'Add'
  | 'GlobalAveragePool'
  | 'AveragePool'
  | 'MaxPool'
  | 'Flatten'
  | 'Gemm'
  | 'Slice'
  | 'Pad'
  | 'Concat'
  | 'Dropout'
  | 'MatMul'
  | 'FastGRNN'
  | 'ChannelGate'

export type Attribute = number | string | readonly number[]

/**
 * One ONNX node. Attributes use ONNX names (`strides`, `pads` as [top, left, bottom, right], `group`, `epsilon`, ...).
 * Slice and Pad carry `starts`/`ends`/`axes`/`steps` and `pads` as attributes here, because no graph of ours computes
 * them; the ONNX writer moves them into constant inputs, where current opsets want them.
 */
export interface GraphNode {
  /** Unique in its graph; the layer name a person reads (`layer1.0.conv1`). */
  readonly name: string
  readonly op: OpType
  /** Names of values and parameters; a value is a graph input or another node's output. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/**
 * What a parameter is for. Only `weight` is prunable: kernels of Conv, Gemm, MatMul and FastGRNN (five-systems,
 * section 2a). `zeta` and `nu` are the two scalars of FastGRNN, `gate` is the matrix of a ChannelGate.
 */
export type ParameterRole = 'weight' | 'bias' | 'gamma' | 'beta' | 'mean' | 'variance' | 'zeta' | 'nu' | 'gate'

export interface Parameter {
  readonly dims: readonly number[]
  readonly role: ParameterRole
}

export interface ValueInfo {
  readonly name: string
  /** Without the batch dimension: [C, H, W] for images, [steps, features] for time series. */
  readonly dims: readonly number[]
}

export interface Graph {
  readonly input: ValueInfo
  /** Logits: [classes]. */
  readonly output: ValueInfo
  /** In execution order. */
  readonly nodes: readonly GraphNode[]
  /** By name, in forward order. Names are PyTorch's (`layer1.0.conv1.weight`). */
  readonly parameters: Readonly<Record<string, Parameter>>
}

/** Parameter values by name, ONNX layout, length = product of the parameter's dims. */
export type Weights = ReadonlyMap<string, Float32Array>

/** 1 = kept, 0 = pruned, by the name of a prunable parameter, same length as its weights. */
export type Masks = ReadonlyMap<string, Uint8Array>

export interface Model {
  /** Architecture id such as `resnet20-a`. */
  readonly architecture: string
  readonly graph: Graph
  readonly weights: Weights
  /** The masks are part of the model: masked weights are zero and stay zero. Absent key = nothing pruned. */
  readonly masks: Masks
}
