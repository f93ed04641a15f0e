/**
 * What stands in a gradient beside that of the loss: the pull of FedProx and the correction of SCAFFOLD
 * (`core/federation`). Their other side are variables that do not change in a step. Masks and clipping come after them.
 */
import type { GraphWriter, Output, Variable } from '../tensorflow/graph-writer.ts'

export interface GradientTermOptions {
  /** mu of mu (w - anchor), for every trained parameter. 0 = none, and no anchors. */
  readonly proximal: number
  /** Whether every trained parameter has a correction that is added. */
  readonly corrected: boolean
}

/** By trained parameter. */
export interface GradientTerms {
  readonly anchors: ReadonlyMap<string, Variable>
  readonly corrections: ReadonlyMap<string, Variable>
}

/** gradient + mu (w - anchor) + correction. */
export function withTerms(
  graph: GraphWriter,
  gradient: Output,
  { proximal }: GradientTermOptions,
  variables: {
    readonly parameter: Variable
    readonly anchor: Variable | undefined
    readonly correction: Variable | undefined
  },
): Output {
  const { parameter, anchor, correction } = variables
  const pull = anchor && graph.binary('Sub', parameter.value, anchor.value)
  return graph.sum([
    gradient,
    ...(pull ? [graph.binary('Mul', pull, graph.scalar(proximal))] : []),
    ...(correction ? [correction.value] : []),
  ])
}
