import type { GraphWriter, Output } from '../tensorflow/graph-writer.ts'

export interface ScoreOutputs {
  /** Sum of the cross-entropies of the batch, in nats: float32 scalar. */
  readonly loss: Output
  /** Class of the largest logit of each sample, the lowest of equals: int32 [batch]. */
  readonly predictions: Output
  /** Samples whose label is among the 1 and the 5 largest logits: int32 scalars. */
  readonly top1: Output
  readonly top5: Output
}

const int32 = { type: 'int32' } as const

/** Class of the largest logit of each sample, the lowest of equals: int32 [batch]. */
export function writePredictions(graph: GraphWriter, logits: Output): Output {
  const attributes = { T: { type: logits.type }, Tidx: int32, output_type: int32 } as const
  return graph.node('ArgMax', [logits, graph.ints([1], [])], 'int32', { attributes })
}

/** How many of the logits [batch, classes] are largest at their label: int32 scalar. */
export function writeCorrect(graph: GraphWriter, logits: Output, labels: Output): Output {
  const isCorrect = graph.compare('Equal', writePredictions(graph, logits), labels)
  return graph.reduce('Sum', graph.cast(isCorrect, 'int32'), [0], false)
}

/**
 * Scores logits [batch, classes] against labels [batch]. Where logits are equal the lower class ranks first, as in
 * PyTorch's argmax: so the counts are the same everywhere, and a network that gives every class the same logit is
 * right once in `classes` and not always. (TensorFlow's InTopK counts every class of a tie as in.)
 */
export function writeScore(graph: GraphWriter, logits: Output, labels: Output, classes: number): ScoreOutputs {
  const T = { type: logits.type } as const
  const entropies = graph.node('SparseSoftmaxCrossEntropyWithLogits', [logits, labels], logits.type, {
    attributes: { T, Tlabels: int32 },
  })
  const predictions = writePredictions(graph, logits)
  const column = graph.reshape(labels, [-1, 1])
  const own = graph.node('GatherV2', [logits, column, graph.ints([1], [])], logits.type, {
    attributes: { Tparams: T, Tindices: int32, Taxis: int32, batch_dims: { int: 1 } },
  })
  const indices = graph.ints(Array.from({ length: classes }, (_, index) => index))
  const isTie = graph.compare('Equal', logits, own)
  const isLower = graph.compare('Less', indices, column)
  const isAhead = graph.logical(
    'LogicalOr',
    graph.compare('Greater', logits, own),
    graph.logical('LogicalAnd', isTie, isLower),
  )
  const rank = graph.reduce('Sum', graph.cast(isAhead, 'int32'), [1], false)
  const countBelow = (k: number) =>
    graph.reduce('Sum', graph.cast(graph.compare('Less', rank, graph.ints([k], [])), 'int32'), [0], false)
  return { loss: graph.reduce('Sum', entropies, [0], false), predictions, top1: countBelow(1), top5: countBelow(5) }
}
