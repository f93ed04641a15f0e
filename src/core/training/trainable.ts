/**
 * What of a network is trained. The members live in `trainables/`, the table in `trainables.ts`. Batch norm, shortcuts and
 * output are three sets without a common parameter: the batch norm of a shortcut belongs to batch norm (Frankle et al. 2021
 * count it in both columns of their table).
 */
import { EspalierError } from '../../shared/errors.ts'
import { prunableLayers } from '../graph/cost.ts'
import type { Graph, GraphNode, Masks, Model, ParameterRole } from '../graph/model.ts'

export type TrainedModel = Pick<Model, 'architecture' | 'graph' | 'masks'>

export interface TrainableSet {
  /** Names. Running statistics are in none: they move whatever is trained. */
  readonly parameters: ReadonlySet<string>
  /** 1 = trained, 0 = frozen, of parameters that are trained in part. */
  readonly updateMasks: Masks
}

/** `seed` is for what is drawn. Throws `model.invalid` where the network has nothing of the kind. */
export type Trainable = (model: TrainedModel, seed: number) => TrainableSet

export const whole = (names: Iterable<string>): TrainableSet => ({ parameters: new Set(names), updateMasks: new Map() })

const withRole = ({ parameters }: Graph, { inputs }: GraphNode, roles: readonly ParameterRole[]): string[] =>
  inputs.filter(name => parameters[name] && roles.includes(parameters[name].role))

/** Gammas and betas. Throws `model.invalid` where there are none. */
export function batchNormParameters({ graph, architecture }: TrainedModel): string[] {
  const names = graph.nodes.flatMap(node => withRole(graph, node, ['gamma', 'beta']))
  if (names.length > 0) return names
  throw new EspalierError({
    code: 'model.invalid',
    message: `${architecture} has no batch norm.`,
    rule: 'What a stage works on, or is held against, must be there.',
    hint: 'Choose a network with batch norm.',
  })
}

/** Kernels and biases of the convolutions on shortcuts; none where shortcuts have no weights. */
export function shortcutParameters(graph: Graph): string[] {
  return shortcutConvolutions(graph).flatMap(node => withRole(graph, node, ['weight', 'bias']))
}

/** Kernel and bias of the last layer. */
export function outputParameters(graph: Graph): string[] {
  const last = prunableLayers(graph).at(-1)
  const node = graph.nodes.find(({ name }) => name === last?.name)
  return node ? withRole(graph, node, ['weight', 'bias']) : []
}

/** Of two branches that are added, the one with a single convolution where the other has more. */
function shortcutConvolutions(graph: Graph): GraphNode[] {
  const makers = new Map(graph.nodes.map(node => [node.outputs[0]!, node]))
  const readers = new Map<string, number>()
  for (const name of graph.nodes.flatMap(({ inputs }) => inputs)) readers.set(name, (readers.get(name) ?? 0) + 1)

  /** Convolutions from the value back to where the branches part. */
  function branch(value: string): GraphNode[] {
    const found: GraphNode[] = []
    for (let node = makers.get(value); node && readers.get(node.outputs[0]!) === 1; ) {
      if (node.op === 'Conv') found.push(node)
      node = makers.get(node.inputs[0]!)
    }
    return found
  }

  return graph.nodes.flatMap(({ op, inputs }) => {
    if (op !== 'Add') return []
    const [short, long] = inputs.map(branch).sort((a, b) => a.length - b.length)
    return short?.length === 1 && long!.length > 1 ? short : []
  })
}
