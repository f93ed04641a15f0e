/** Fresh weights. */
import type { BatchNormInitId } from '../shared/methods.ts'
import { elementCount } from './graph/dims.ts'
import type { Graph, GraphNode, ParameterRole, Weights } from './graph/model.ts'
import { createRandom, deriveSeed, type Random } from './random.ts'

type Filler = (length: number, fanIn: number, random: Random) => Float32Array

const constant =
  (value: number): Filler =>
  length =>
    new Float32Array(length).fill(value)

/** N(0, 2 / fan-in): He et al. 2015, equation 10, for layers followed by ReLU. */
const kaimingNormal: Filler = (length, fanIn, random) => {
  const deviation = Math.sqrt(2 / fanIn)
  return Float32Array.from({ length }, () => deviation * random.normal())
}

/** U(-1/sqrt(fan-in), 1/sqrt(fan-in)): what PyTorch gives fully connected layers and every bias. */
const fanInUniform: Filler = (length, fanIn, random) => {
  const bound = 1 / Math.sqrt(fanIn)
  return Float32Array.from({ length }, () => bound * (2 * random.uniform() - 1))
}

/** N(0, 0.01): the kernels of FastGRNN, whatever their size (EdgeML). */
const tenthNormal: Filler = (length, _fanIn, random) => Float32Array.from({ length }, () => 0.1 * random.normal())

function kernelFiller({ op }: GraphNode): Filler {
  if (op === 'Gemm') return fanInUniform
  return op === 'MatMul' || op === 'FastGRNN' ? tenthNormal : kaimingNormal
}

const uniform =
  (low: number, high: number): Filler =>
  (length, _fanIn, random) =>
    Float32Array.from({ length }, () => low + (high - low) * random.uniform())

const batchNormFillers: { readonly [Id in BatchNormInitId]: { readonly gamma: Filler; readonly beta: Filler } } = {
  uniform: { gamma: uniform(0, 1), beta: constant(0) },
  fixed: { gamma: constant(1), beta: constant(0) },
  oneone: { gamma: constant(1), beta: constant(1) },
  posneg: { gamma: uniform(-1, 1), beta: constant(0) },
}

function fillerFor(node: GraphNode, role: ParameterRole, batchNorm: BatchNormInitId): Filler {
  switch (role) {
    case 'gamma':
    case 'beta':
      return batchNormFillers[batchNorm][role]
    case 'weight':
      return kernelFiller(node)
    case 'gate':
      return kaimingNormal
    case 'bias':
      return node.op === 'FastGRNN' || node.op === 'ChannelGate' ? constant(1) : fanInUniform
    case 'zeta':
      return constant(1)
    case 'nu':
      return constant(-4)
    case 'variance':
      return constant(1)
    case 'mean':
      return constant(0)
  }
}

/**
 * Weights for every parameter: convolutions Kaiming-normal (fan-in), fully connected layers and biases uniform, gammas and
 * betas as `batchNorm` says, running statistics 0, 1; FastGRNN as its authors do (five-systems 0.3). The same graph and seed
 * always give the same weights; gates, and any `batchNorm`, change none of the others.
 */
export function initialise(graph: Graph, seed: number, batchNorm: BatchNormInitId = 'fixed'): Weights {
  const isSpecial = ({ op }: GraphNode) => op === 'ChannelGate' || op === 'BatchNormalization'
  const others = fill(graph, node => !isSpecial(node), createRandom(seed))
  const norms = fill(
    graph,
    ({ op }) => op === 'BatchNormalization',
    createRandom(deriveSeed(seed, 'batch norm')),
    batchNorm,
  )
  const all = new Map([...others, ...norms, ...initialiseGates(graph, seed)])
  return new Map(Object.keys(graph.parameters).map(name => [name, all.get(name)!]))
}

/** Weights of the gates alone: Kaiming-normal, biases 1, so that most begin open (five-systems 4a-1). */
export const initialiseGates = (graph: Graph, seed: number): Weights =>
  fill(graph, node => node.op === 'ChannelGate', createRandom(deriveSeed(seed, 'gates')))

function fill(
  { nodes, parameters }: Graph,
  belongs: (node: GraphNode) => boolean,
  random: Random,
  batchNorm: BatchNormInitId = 'fixed',
): Weights {
  const weights = new Map<string, Float32Array>()
  for (const node of nodes.filter(belongs)) {
    const matrix = node.inputs
      .map(name => parameters[name])
      .find(parameter => parameter?.role === 'weight' || parameter?.role === 'gate')
    const fanIn = matrix ? elementCount(matrix.dims.slice(1)) : 1
    for (const name of node.inputs) {
      const parameter = parameters[name]
      if (!parameter) continue
      weights.set(name, fillerFor(node, parameter.role, batchNorm)(elementCount(parameter.dims), fanIn, random))
    }
  }
  return weights
}
