/** Gradient norms of groups of parameters, and clipping by them. */
import type { GraphWriter, Output } from '../tensorflow/graph-writer.ts'

/**
 * A set of trained parameters with one gradient norm, taken before clipping and over weights that are not masked. Groups
 * may overlap where only one of them clips.
 */
export interface GradientGroup {
  readonly name: string
  readonly parameters: ReadonlySet<string>
  /** Gradients are scaled by min(1, maxNorm / (norm + 1e-6)), as PyTorch's `clip_grad_norm_` does. */
  readonly maxNorm?: number
}

export interface GroupedGradients {
  /** By parameter, those of groups with a `maxNorm` clipped. */
  readonly gradients: ReadonlyMap<string, Output>
  /** By group: float32 scalar. */
  readonly norms: ReadonlyMap<string, Output>
}

export function writeGroups(
  graph: GraphWriter,
  gradients: ReadonlyMap<string, Output>,
  groups: readonly GradientGroup[],
): GroupedGradients {
  const result = new Map(gradients)
  const norms = new Map<string, Output>()
  /** Half the sum of squares of each gradient. */
  const halves = new Map([...gradients].map(([name, gradient]) => [name, graph.unary('L2Loss', gradient)]))
  for (const { name, parameters, maxNorm } of groups) {
    const own = [...gradients].filter(([parameter]) => parameters.has(parameter))
    const norm = writeNorm(
      graph,
      own.map(([parameter]) => halves.get(parameter)!),
    )
    norms.set(name, norm)
    if (maxNorm === undefined) continue
    const share = graph.binary('RealDiv', graph.scalar(maxNorm), graph.binary('AddV2', norm, graph.scalar(1e-6)))
    const scale = graph.binary('Minimum', share, graph.scalar(1))
    for (const [parameter, gradient] of own) result.set(parameter, graph.binary('Mul', gradient, scale))
  }
  return { gradients: result, norms }
}

function writeNorm(graph: GraphWriter, halves: readonly Output[]): Output {
  if (halves.length === 0) return graph.scalar(0)
  return graph.unary('Sqrt', graph.binary('Mul', graph.sum(halves), graph.scalar(2)))
}
