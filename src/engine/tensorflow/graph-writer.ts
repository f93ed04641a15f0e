/**
 * Writes a TensorFlow graph node by node, with the protobuf classes that tfjs-node ships. Every output carries its
 * element type, so that the type attributes of the ops that read it follow from it.
 */
import type { AttrValueProto, NodeDefProto, Protos, TensorProto, TensorShapeProto } from '../runtime/protos.ts'

/** TensorFlow's numbers of its element types (`tensorflow/core/framework/types.proto`). */
export const elementTypes = { float32: 1, int32: 3, uint8: 4, bool: 10, bfloat16: 14, resource: 20 } as const
export type ElementType = keyof typeof elementTypes

/** One output of a node: what other nodes read, and what a session fetches. */
export interface Output {
  /** `node` for the first output, `node:2` for the third. */
  readonly name: string
  readonly type: ElementType
}

/** A size of -1 is not known before the graph runs: the batch. */
export type GraphShape = readonly number[]

export type AttributeValue =
  | { readonly type: ElementType }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly shape: GraphShape }
  | { readonly tensor: TensorProto }

export interface NodeOptions {
  /** Only nodes that are fed or fetched need a name of their own. */
  readonly name?: string
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  /** Nodes that must have run before this one, whose values it does not read. */
  readonly after?: readonly Output[]
}

/** A parameter that lives in the session. It has to be assigned once before it is read. */
export interface Variable {
  readonly handle: Output
  readonly shape: GraphShape
  /** Feed new values here and fetch `assigned`. */
  readonly feed: Output
  readonly assigned: Output
  /** The node that sets it, for a marker of several. */
  readonly assign: Output
  /** Its values when the graph runs. */
  readonly value: Output
}

export class GraphWriter {
  readonly #protos: Protos
  readonly #nodes: NodeDefProto[] = []

  constructor(protos: Protos) {
    this.#protos = protos
  }

  /** Adds a node whose first output has the element type `type`. */
  node(op: string, inputs: readonly Output[], type: ElementType, options: NodeOptions = {}): Output {
    const name = options.name ?? `n${this.#nodes.length}_${op}`
    const node = new this.#protos.NodeDef().setName(name).setOp(op)
    const after = options.after?.map(output => `^${output.name.split(':')[0]}`) ?? []
    node.setInputList([...inputs.map(input => input.name), ...after])
    for (const [key, value] of Object.entries(options.attributes ?? {}))
      node.getAttrMap().set(key, this.#attribute(value))
    this.#nodes.push(node)
    return { name, type }
  }

  floats(values: ArrayLike<number>, shape: GraphShape = [values.length]): Output {
    return this.#constant('float32', Float32Array.from(values), shape)
  }

  ints(values: ArrayLike<number>, shape: GraphShape = [values.length]): Output {
    return this.#constant('int32', Int32Array.from(values), shape)
  }

  /** A float32 scalar. */
  scalar(value: number): Output {
    return this.floats([value], [])
  }

  /** A float32 value of `shape`, all of whose entries are `value`. */
  filled(shape: GraphShape, value: number): Output {
    const attributes = { T: { type: 'float32' }, index_type: { type: 'int32' } } as const
    return this.node('Fill', [this.ints(shape), this.scalar(value)], 'float32', { attributes })
  }

  placeholder(name: string, type: ElementType, shape: GraphShape): Output {
    return this.node('Placeholder', [], type, { name, attributes: { dtype: { type }, shape: { shape } } })
  }

  reshape(x: Output, shape: GraphShape): Output {
    const attributes = { T: { type: x.type }, Tshape: { type: 'int32' } } as const
    return this.node('Reshape', [x, this.ints(shape)], x.type, { attributes })
  }

  transpose(x: Output, permutation: readonly number[], name?: string): Output {
    const attributes = { T: { type: x.type }, Tperm: { type: 'int32' } } as const
    return this.node('Transpose', [x, this.ints(permutation)], x.type, { attributes, ...(name && { name }) })
  }

  /** `x` with the element type `type`: itself where it has it already. */
  as(x: Output, type: ElementType): Output {
    return x.type === type ? x : this.cast(x, type)
  }

  cast(x: Output, type: ElementType): Output {
    const attributes = { SrcT: { type: x.type }, DstT: { type }, Truncate: { bool: false } } as const
    return this.node('Cast', [x], type, { attributes })
  }

  /** Sizes of all axes, the batch included, when the graph runs: int32. */
  shapeOf(x: Output): Output {
    return this.node('Shape', [x], 'int32', { attributes: { T: { type: x.type }, out_type: { type: 'int32' } } })
  }

  unary(
    op: 'Rsqrt' | 'Sqrt' | 'Neg' | 'Abs' | 'Sigmoid' | 'Tanh' | 'Relu' | 'L2Loss' | 'Exp' | 'Square',
    x: Output,
  ): Output {
    return this.node(op, [x], x.type, { attributes: { T: { type: x.type } } })
  }

  /** Elementwise with broadcasting. */
  binary(op: 'AddV2' | 'Sub' | 'Mul' | 'RealDiv' | 'Minimum' | 'Maximum', a: Output, b: Output): Output {
    return this.node(op, [a, b], a.type, { attributes: { T: { type: a.type } } })
  }

  /** Gradient of a unary op by its input, from the op's output and the gradient by that. */
  unaryGradient(op: 'SigmoidGrad' | 'TanhGrad', output: Output, gradient: Output): Output {
    return this.node(op, [output, gradient], gradient.type, { attributes: { T: { type: gradient.type } } })
  }

  /**
   * Sum of values of one shape, from the first to the last. (AddN begins with whichever input it may overwrite, which is
   * another one from run to run where inputs have other readers: its last bits are not always the same.)
   */
  sum(values: readonly Output[]): Output {
    return values.reduce((sum, value) => this.binary('AddV2', sum, value))
  }

  concat(values: readonly Output[], axis: number): Output {
    if (values.length === 1) return values[0]!
    const [{ type }] = values as readonly [Output]
    const attributes = { T: { type }, Tidx: { type: 'int32' }, N: { int: values.length } } as const
    return this.node('ConcatV2', [...values, this.ints([axis], [])], type, { attributes })
  }

  /** `size` entries of each axis from `begin` on. */
  slice(x: Output, begin: Output, size: Output): Output {
    return this.node('Slice', [x, begin, size], x.type, {
      attributes: { T: { type: x.type }, Index: { type: 'int32' } },
    })
  }

  broadcastTo(x: Output, shape: Output): Output {
    return this.node('BroadcastTo', [x, shape], x.type, {
      attributes: { T: { type: x.type }, Tidx: { type: 'int32' } },
    })
  }

  compare(op: 'Equal' | 'Greater' | 'GreaterEqual' | 'Less' | 'LessEqual', a: Output, b: Output): Output {
    return this.node(op, [a, b], 'bool', { attributes: { T: { type: a.type } } })
  }

  /** `a` where the condition holds, else `b`, with broadcasting. */
  select(condition: Output, a: Output, b: Output): Output {
    return this.node('SelectV2', [condition, a, b], a.type, { attributes: { T: { type: a.type } } })
  }

  logical(op: 'LogicalAnd' | 'LogicalOr', a: Output, b: Output): Output {
    return this.node(op, [a, b], 'bool')
  }

  /** a b, with one of them transposed where `transposed` says so. */
  matMul(a: Output, b: Output, transposed?: 'a' | 'b'): Output {
    const attributes = {
      T: { type: a.type },
      transpose_a: { bool: transposed === 'a' },
      transpose_b: { bool: transposed === 'b' },
    } as const
    return this.node('MatMul', [a, b], a.type, { attributes })
  }

  /**
   * a b^T. TensorFlow's batched product has another kernel on a CPU than `matMul` with a transposed b, in float32 up to four
   * times as fast (128x1024 by 1024x1024) and nowhere slower.
   */
  matMulTransposed(a: Output, b: Output): Output {
    const attributes = { T: { type: a.type }, adj_x: { bool: false }, adj_y: { bool: true } } as const
    return this.node('BatchMatMulV2', [a, b], a.type, { attributes })
  }

  biasAdd(x: Output, bias: Output): Output {
    const attributes = { T: { type: x.type }, data_format: { string: 'NHWC' } } as const
    return this.node('BiasAdd', [x, bias], x.type, { attributes })
  }

  /** Gradient of `biasAdd` by the bias. It is summed in the type of `dy`: bfloat16 is not enough for that. */
  biasGradient(dy: Output): Output {
    return this.node('BiasAddGrad', [dy], dy.type, {
      attributes: { T: { type: dy.type }, data_format: { string: 'NHWC' } },
    })
  }

  reduce(op: 'Sum' | 'Mean', x: Output, axes: readonly number[], keepDims: boolean, name?: string): Output {
    const attributes = { T: { type: x.type }, Tidx: { type: 'int32' }, keep_dims: { bool: keepDims } } as const
    return this.node(op, [x, this.ints(axes)], x.type, { attributes, ...(name && { name }) })
  }

  /** The `count` largest entries along the last axis, the first of equals; in falling order where it is `sorted`. */
  topK(x: Output, count: number, sorted: boolean): { readonly values: Output; readonly indices: Output } {
    const attributes = { T: { type: x.type }, sorted: { bool: sorted } } as const
    const values = this.node('TopKV2', [x, this.ints([count], [])], x.type, { attributes })
    return { values, indices: { name: `${values.name}:1`, type: 'int32' } }
  }

  /** Zeros of `shape` with `updates` at the places `indices`, whose last axis is a place. */
  scatter(indices: Output, updates: Output, shape: Output): Output {
    const attributes = { T: { type: updates.type }, Tindices: { type: 'int32' } } as const
    return this.node('ScatterNd', [indices, updates, shape], updates.type, { attributes })
  }

  /** Entries of a vector. */
  gather(x: Output, indices: Output): Output {
    const attributes = {
      Tparams: { type: x.type },
      Tindices: { type: 'int32' },
      Taxis: { type: 'int32' },
      batch_dims: { int: 0 },
    } as const
    return this.node('GatherV2', [x, indices, this.ints([0], [])], x.type, { attributes })
  }

  /** Of a vector: each entry and all before it. */
  cumulativeSum(x: Output): Output {
    const attributes = {
      T: { type: x.type },
      Tidx: { type: 'int32' },
      exclusive: { bool: false },
      reverse: { bool: false },
    } as const
    return this.node('Cumsum', [x, this.ints([0], [])], x.type, { attributes })
  }

  /** A float32 variable; `name` is unique in the graph. */
  variable(name: string, shape: GraphShape): Variable {
    const dtype = { dtype: { type: 'float32' } } as const
    const handle = this.node('VarHandleOp', [], 'resource', {
      name,
      attributes: { ...dtype, shape: { shape }, shared_name: { string: name }, container: { string: '' } },
    })
    const feed = this.placeholder(`${name}/feed`, 'float32', shape)
    // The addon's tensor may be the memory of the array that was fed, which a variable would keep, change in place and give
    // back on a thread that must not touch it.
    const copy = this.node('DeepCopy', [feed], 'float32', { attributes: { T: { type: 'float32' } } })
    const assign = this.node('AssignVariableOp', [handle, copy], 'resource', {
      attributes: { ...dtype, validate_shape: { bool: true } },
    })
    const assigned = this.marker(`${name}/assigned`, [assign])
    const value = this.node('ReadVariableOp', [handle], 'float32', { name: `${name}/value`, attributes: dtype })
    return { handle, shape, feed, assign, assigned, value }
  }

  /**
   * To be fetched where nodes without outputs are to run: a session fetches outputs, and this constant stands for "it has
   * been done".
   */
  marker(name: string, after: readonly Output[]): Output {
    const tensor = this.#tensor('int32', Int32Array.of(1), [])
    return this.node('Const', [], 'int32', {
      name,
      attributes: { dtype: { type: 'int32' }, value: { tensor } },
      after,
    })
  }

  /** The values of a variable once the nodes in `after` have run; those in `value` may be read before that. */
  readAgain({ handle }: Variable, after: readonly Output[]): Output {
    return this.node('ReadVariableOp', [handle], 'float32', { attributes: { dtype: { type: 'float32' } }, after })
  }

  /** Sets a variable to a value of the graph. */
  assign({ handle }: Variable, value: Output): Output {
    const attributes = { dtype: { type: 'float32' }, validate_shape: { bool: true } } as const
    return this.node('AssignVariableOp', [handle, value], 'resource', { attributes })
  }

  /** The graph as the bytes of a `saved_model.pb` with the tag `serve`. */
  toSavedModel(): Uint8Array {
    const { GraphDef, MetaGraphDef, SavedModel, VersionDef } = this.#protos
    // The graph version of TensorFlow 2.9 (1087) is the oldest that the engine runs on; later ones still read it.
    const graph = new GraphDef().setNodeList(this.#nodes).setVersions(new VersionDef().setProducer(1087))
    const info = new MetaGraphDef.MetaInfoDef()
    info.addTags('serve')
    const saved = new SavedModel().setSavedModelSchemaVersion(1)
    saved.addMetaGraphs(new MetaGraphDef().setGraphDef(graph).setMetaInfoDef(info))
    return saved.serializeBinary()
  }

  #constant(type: 'float32' | 'int32', values: Float32Array | Int32Array, shape: GraphShape): Output {
    const tensor = this.#tensor(type, values, shape)
    return this.node('Const', [], type, { attributes: { dtype: { type }, value: { tensor } } })
  }

  #tensor(type: ElementType, values: Float32Array | Int32Array, shape: GraphShape): TensorProto {
    return new this.#protos.Tensor()
      .setDtype(elementTypes[type])
      .setTensorShape(this.#shape(shape))
      .setTensorContent(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  }

  #shape(sizes: GraphShape): TensorShapeProto {
    const shape = new this.#protos.TensorShape()
    for (const size of sizes) shape.addDim(new this.#protos.TensorShape.Dim().setSize(size))
    return shape
  }

  #attribute(value: AttributeValue): AttrValueProto {
    const attribute = new this.#protos.AttrValue()
    if ('type' in value) return attribute.setType(elementTypes[value.type])
    if ('int' in value) return attribute.setI(value.int)
    if ('ints' in value) return attribute.setList(new this.#protos.AttrValue.ListValue().setIList(value.ints))
    if ('float' in value) return attribute.setF(value.float)
    if ('bool' in value) return attribute.setB(value.bool)
    if ('string' in value) return attribute.setS(Buffer.from(value.string))
    if ('shape' in value) return attribute.setShape(this.#shape(value.shape))
    return attribute.setTensor(value.tensor)
  }
}
