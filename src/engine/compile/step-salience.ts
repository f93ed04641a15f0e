/**
 * Each step applies the gradients of its most salient weights alone (`core/federation/pruning/salient.ts`). Weights join until the
 * share to keep has changed, the most salient first; from then on only those that have joined may change. All of it happens in
 * the graph, so that a step stays one call. A variable a parameter holds 1 where a weight has joined; it starts as 0.
 */
import { elementCount } from '../../core/graph/dims.ts'
import type { SalienceId } from '../../shared/federated-pruning.ts'
import type { GraphWriter, Output, Variable } from '../tensorflow/graph-writer.ts'

export interface StepSalienceOptions {
  readonly parameters: ReadonlySet<string>
  readonly score: SalienceId
  /** Shares of each parameter: what may change at all until the optimizer begins anew, and what may in one step. */
  readonly keep: number
  readonly perStep: number
}

export interface StepSet {
  /** 1 where this step may change the weight: float32, of the parameter's shape. */
  readonly mask: Output
  /** Lets what is new join; once a step, after `guard`. */
  readonly joined: Output
}

export function writeStepSet(
  graph: GraphWriter,
  { score, keep, perStep }: StepSalienceOptions,
  {
    parameter,
    gradient,
    joined,
  }: { readonly parameter: Variable; readonly gradient: Output; readonly joined: Variable },
  guard: Output,
): StepSet {
  const size = elementCount(parameter.shape)
  const most = Math.max(1, Math.floor(keep * size))
  const count = Math.min(most, Math.max(1, Math.floor(perStep * size)))
  const flat = (x: Output) => graph.reshape(x, [size])
  const values = {
    product: () => graph.binary('Mul', parameter.value, gradient),
    gradient: () => gradient,
    weight: () => parameter.value,
  }
  const { indices } = graph.topK(flat(graph.unary('Abs', values[score]())), count, true)
  const isOld = graph.gather(flat(joined.value), indices)
  const isNew = graph.binary('Sub', graph.scalar(1), isOld)
  const room = graph.binary('Sub', graph.scalar(most), graph.reduce('Sum', flat(joined.value), [0], false))
  const fits = graph.cast(graph.compare('LessEqual', graph.cumulativeSum(isNew), room), 'float32')
  const joining = graph.binary('Mul', isNew, fits)
  const spread = (x: Output) => {
    const at = graph.reshape(indices, [count, 1])
    return graph.reshape(graph.scatter(at, x, graph.ints([size])), parameter.shape)
  }
  return {
    mask: spread(graph.binary('AddV2', isOld, joining)),
    joined: graph.node('AssignAddVariableOp', [joined.handle, spread(joining)], 'resource', {
      attributes: { dtype: { type: 'float32' } },
      after: [guard],
    }),
  }
}
