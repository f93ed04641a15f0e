/**
 * Writes graphs readably: each method adds one node and returns the name of its output, which is the node's name.
 * Parameters take PyTorch's names (`conv1.weight`, `bn1.running_mean`), sizes follow from the input.
 */
import type { Dims } from './dims.ts'
import type { Attribute, Graph, GraphNode, OpType, Parameter } from './model.ts'
import { ruleOf } from './ops.ts'

interface ConvOptions {
  /** Output channels. */
  readonly out: number
  /** Square kernel. */
  readonly kernel: number
  readonly stride?: number
  /** Zeros on each of the four sides. */
  readonly padding?: number
  readonly group?: number
  readonly bias?: boolean
}

interface PoolOptions {
  /** Square window. */
  readonly kernel: number
  readonly stride: number
  readonly padding?: number
}

export class GraphBuilder {
  /** Name of the graph's input value. */
  readonly input = 'input'
  readonly #inputDims: Dims
  readonly #nodes: GraphNode[] = []
  readonly #parameters: Record<string, Parameter> = {}
  readonly #shapes = new Map<string, Dims>()

  /** `inputDims` without batch: [C, H, W] for images, [steps, features] for time series. */
  constructor(inputDims: Dims) {
    this.#inputDims = inputDims
    this.#shapes.set(this.input, inputDims)
  }

  /** Dims, without batch, of a value made so far. */
  dims(value: string): Dims {
    const dims = this.#shapes.get(value)
    if (!dims) throw new Error(`graph builder: there is no value "${value}"`)
    return dims
  }

  conv(
    name: string,
    x: string,
    { out, kernel, stride = 1, padding = 0, group = 1, bias = false }: ConvOptions,
  ): string {
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
      dilations: [1, 1],
      group,
    }
    const weight = [out, this.dims(x)[0]! / group, kernel, kernel]
    return this.#node('Conv', name, [x], attributes, weightAndBias(name, weight, bias))
  }

  batchNorm(name: string, x: string): string {
    const dims = [this.dims(x)[0]!]
    const parameters = ['weight', 'bias', 'running_mean', 'running_var'].map(part => ({
      name: `${name}.${part}`,
      dims,
    }))
    return this.#node('BatchNormalization', name, [x], { epsilon: 1e-5, momentum: 0.9 }, parameters)
  }

  gemm(name: string, x: string, { out, bias = true }: { readonly out: number; readonly bias?: boolean }): string {
    const weight = [out, this.dims(x)[0]!]
    return this.#node('Gemm', name, [x], { transB: 1 }, weightAndBias(name, weight, bias))
  }

  relu(name: string, x: string): string {
    return this.#node('Relu', name, [x])
  }

  add(name: string, a: string, b: string): string {
    return this.#node('Add', name, [a, b])
  }

  /** Values joined along their channels. */
  concat(name: string, values: readonly string[]): string {
    return this.#node('Concat', name, values, { axis: 1 })
  }

  /** Zeroes a share `ratio` of the entries in training. */
  dropout(name: string, x: string, ratio: number): string {
    return this.#node('Dropout', name, [x], { ratio })
  }

  maxPool(name: string, x: string, window: PoolOptions): string {
    return this.#node('MaxPool', name, [x], poolAttributes(window))
  }

  averagePool(name: string, x: string, window: PoolOptions): string {
    return this.#node('AveragePool', name, [x], poolAttributes(window))
  }

  globalAveragePool(name: string, x: string): string {
    return this.#node('GlobalAveragePool', name, [x])
  }

  flatten(name: string, x: string): string {
    return this.#node('Flatten', name, [x], { axis: 1 })
  }

  /** Every `step`-th row and column: `x[:, :, ::step, ::step]`. */
  subsample(name: string, x: string, step: number): string {
    const [, height, width] = this.dims(x)
    return this.#node('Slice', name, [x], {
      starts: [0, 0],
      ends: [height!, width!],
      axes: [2, 3],
      steps: [step, step],
    })
  }

  /** `before` and `after` channels of zeros around those of `x`. */
  padChannels(name: string, x: string, before: number, after: number): string {
    return this.#node('Pad', name, [x], { pads: [0, before, 0, 0, 0, after, 0, 0] })
  }

  /**
   * FastGRNN over a series [steps, features]: the last of its states, [hidden]. Two nodes, `name.input` and `name`;
   * parameters as EdgeML names them (`cell.W`, `cell.bias_gate`).
   */
  fastGrnn(name: string, x: string, hidden: number): string {
    const own = (part: string, ...dims: number[]) => ({ name: `${name}.${part}`, dims })
    const projected = this.#node('MatMul', `${name}.input`, [x], {}, [own('W', this.dims(x)[1]!, hidden)])
    const parameters = [
      own('U', hidden, hidden),
      own('bias_gate', 1, hidden),
      own('bias_update', 1, hidden),
      own('zeta', 1, 1),
      own('nu', 1, 1),
    ]
    return this.#node('FastGRNN', name, [projected], {}, parameters)
  }

  /** The graph whose output is the value `output`. */
  build(output: string): Graph {
    return {
      input: { name: this.input, dims: this.#inputDims },
      output: { name: output, dims: this.dims(output) },
      nodes: this.#nodes,
      parameters: this.#parameters,
    }
  }

  /** `parameters` in the order of the op's rule, the last of them left out where it may be. */
  #node(
    op: OpType,
    name: string,
    values: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    parameters: readonly NamedParameter[] = [],
  ): string {
    const rule = ruleOf(op)
    for (const [i, parameter] of parameters.entries())
      this.#parameters[parameter.name] = { dims: parameter.dims, role: rule.parameters[i]! }
    const inputs = [...values, ...parameters.map(parameter => parameter.name)]
    const node: GraphNode = { name, op, inputs, outputs: [name], attributes }
    const dims = rule.outputDims(
      node,
      values.map(value => this.dims(value)),
      parameters.map(parameter => parameter.dims),
    )
    this.#shapes.set(name, dims)
    this.#nodes.push(node)
    return name
  }
}

interface NamedParameter {
  readonly name: string
  readonly dims: Dims
}

function weightAndBias(name: string, weight: Dims, bias: boolean): NamedParameter[] {
  const kernel = { name: `${name}.weight`, dims: weight }
  return bias ? [kernel, { name: `${name}.bias`, dims: [weight[0]!] }] : [kernel]
}

const poolAttributes = ({ kernel, stride, padding = 0 }: PoolOptions) => ({
  kernel_shape: [kernel, kernel],
  strides: [stride, stride],
  pads: [padding, padding, padding, padding],
})
