/**
 * Writes graphs readably: each method adds one node and returns the name of its output, which is the node's name.
 * Parameters take PyTorch's names (`conv1.weight`, `bn1.running_mean`), sizes follow from the input.
 */
import type { Dims } from './dims.ts'
import type { Attribute, Graph, GraphNode, OpType, Parameter, ParameterRole } from './model.ts'
import { ruleOf } from './ops.ts'

const suffixes = {
  weight: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  mean: 'running_mean',
  variance: 'running_var',
} as const satisfies Record<ParameterRole, string>

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

export class GraphBuilder {
  /** Name of the graph's input value. */
  readonly input = 'input'
  readonly #inputDims: Dims
  readonly #nodes: GraphNode[] = []
  readonly #parameters: Record<string, Parameter> = {}
  readonly #shapes = new Map<string, Dims>()

  /** `inputDims` without batch: [C, H, W] for images. */
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
    return this.#node('Conv', name, [x], attributes, { weight, ...(bias && { bias: [out] }) })
  }

  batchNorm(name: string, x: string): string {
    const dims = [this.dims(x)[0]!]
    const parameters = { gamma: dims, beta: dims, mean: dims, variance: dims }
    return this.#node('BatchNormalization', name, [x], { epsilon: 1e-5, momentum: 0.9 }, parameters)
  }

  gemm(name: string, x: string, { out, bias = true }: { readonly out: number; readonly bias?: boolean }): string {
    const weight = [out, this.dims(x)[0]!]
    return this.#node('Gemm', name, [x], { transB: 1 }, { weight, ...(bias && { bias: [out] }) })
  }

  relu(name: string, x: string): string {
    return this.#node('Relu', name, [x])
  }

  add(name: string, a: string, b: string): string {
    return this.#node('Add', name, [a, b])
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

  /** The graph whose output is the value `output`. */
  build(output: string): Graph {
    return {
      input: { name: this.input, dims: this.#inputDims },
      output: { name: output, dims: this.dims(output) },
      nodes: this.#nodes,
      parameters: this.#parameters,
    }
  }

  #node(
    op: OpType,
    name: string,
    values: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    parameters: Partial<Record<ParameterRole, Dims>> = {},
  ): string {
    const rule = ruleOf(op)
    const used = rule.parameters.flatMap(role => {
      const dims = parameters[role]
      if (!dims) return []
      const parameter = `${name}.${suffixes[role]}`
      this.#parameters[parameter] = { dims, role }
      return [{ parameter, dims }]
    })
    const inputs = [...values, ...used.map(({ parameter }) => parameter)]
    const node: GraphNode = { name, op, inputs, outputs: [name], attributes }
    const dims = rule.outputDims(
      node,
      values.map(value => this.dims(value)),
      used.map(entry => entry.dims),
    )
    this.#shapes.set(name, dims)
    this.#nodes.push(node)
    return name
  }
}
