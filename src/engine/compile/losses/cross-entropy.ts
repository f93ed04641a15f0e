import type { GraphWriter, Output } from '../../tensorflow/graph-writer.ts'
import type { Loss } from '../loss.ts'

export interface CrossEntropyInputs {
  /** Name and value of the logits, [batch, classes]. */
  readonly name: string
  readonly logits: Output
  readonly labels: Output
  readonly classes: number
  /** Number of samples: float32 scalar. */
  readonly count: Output
  /** Share s of the target that is spread over all classes (Szegedy et al. 2016, section 7). */
  readonly smoothing: number
  /** What the loss is multiplied by. */
  readonly weight?: number
}

/**
 * (1 - s) NLL + s mean_c(-log p_c). With lse = log sum exp z that is lse - (1 - s) z_y - s mean_c z_c: NLL plus
 * s (z_y - mean_c z_c), so smoothing adds a linear term and nothing else.
 */
export function crossEntropy(graph: GraphWriter, inputs: CrossEntropyInputs): Loss {
  const { name, labels, classes, count, smoothing, weight = 1 } = inputs
  const logits = graph.as(inputs.logits, 'float32')
  const entropies = graph.node('SparseSoftmaxCrossEntropyWithLogits', [logits, labels], 'float32', {
    attributes: { T: { type: 'float32' }, Tlabels: { type: 'int32' } },
  })
  let sum = graph.reduce('Sum', entropies, [0], false)
  let gradient: Output = { name: `${entropies.name}:1`, type: 'float32' }
  if (smoothing > 0) {
    const slope = centredTarget(graph, labels, classes, smoothing)
    sum = graph.binary('AddV2', sum, graph.reduce('Sum', graph.binary('Mul', slope, logits), [0, 1], false))
    gradient = graph.binary('AddV2', gradient, slope)
  }
  const weighted = (value: Output) => (weight === 1 ? value : graph.binary('Mul', value, graph.scalar(weight)))
  const weightedSum = weighted(sum)
  return {
    sum: weightedSum,
    parts: new Map([['crossEntropy', weightedSum]]),
    gradients: new Map([[name, weighted(graph.binary('RealDiv', gradient, count))]]),
  }
}

/** s (e_y - 1/classes) for each label y. */
function centredTarget(graph: GraphWriter, labels: Output, classes: number, smoothing: number): Output {
  const inputs = [
    labels,
    graph.ints([classes], []),
    graph.scalar(smoothing * (1 - 1 / classes)),
    graph.scalar(-smoothing / classes),
  ]
  const attributes = { T: { type: 'float32' }, TI: { type: 'int32' }, axis: { int: -1 } } as const
  return graph.node('OneHot', inputs, 'float32', { attributes })
}
