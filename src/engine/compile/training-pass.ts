/** The forward pass of a Model's graph in training mode, recorded, and the backward pass that follows from the record. */
import type { Dims } from '../../core/graph/dims.ts'
import type { Graph, GraphNode } from '../../core/graph/model.ts'
import { inferShapes } from '../../core/graph/shapes.ts'
import type { GraphWriter, Output } from '../tensorflow/graph-writer.ts'
import type { BatchStatistic, Differentiable } from '../tensorflow/op.ts'
import { tensorflowOps } from '../tensorflow/ops.ts'

export interface TrainingPassOptions {
  /** The normalised batch, of the type that the pass works in. */
  readonly input: Output
  /** Parameters by name, in TensorFlow's layout, float32. */
  readonly parameters: ReadonlyMap<string, Output>
  /** Names of the parameters that need gradients. */
  readonly trained: ReadonlySet<string>
  /** int32 scalar; another one for each step. */
  readonly seed: Output
}

export interface TrainingPass {
  /** By name, the input included. */
  readonly values: ReadonlyMap<string, Output>
  /** By the name of the running statistic. */
  readonly statistics: ReadonlyMap<string, Omit<BatchStatistic, 'input'>>
  /**
   * Gradients by the trained parameters, from those by some values. Only what lies between these values and a trained
   * parameter is written: frozen layers in front of all trained ones have no backward pass, and others no gradient by
   * their parameters. A trained parameter that the values do not depend on is absent.
   */
  readonly backward: (gradients: ReadonlyMap<string, Output>) => Map<string, Output>
}

interface Recorded {
  readonly node: GraphNode
  readonly op: Differentiable
  /** Which inputs need gradients. */
  readonly needed: readonly boolean[]
}

export function writeTrainingPass(graph: GraphWriter, model: Graph, options: TrainingPassOptions): TrainingPass {
  const { input, parameters, trained, seed } = options
  const shapes = inferShapes(model)
  const dimsOf = (name: string): Dims => shapes.get(name) ?? model.parameters[name]!.dims
  const values = new Map([[model.input.name, input]])
  const statistics = new Map<string, Omit<BatchStatistic, 'input'>>()
  const record: Recorded[] = []
  /** Values that depend on a trained parameter. */
  const dependent = new Set<string>()

  for (const [index, node] of model.nodes.entries()) {
    const context = {
      graph,
      node,
      inputDims: node.inputs.map(dimsOf),
      outputDims: dimsOf(node.outputs[0]!),
      seed: () => nodeSeed(graph, seed, index),
    }
    const inputs = node.inputs.map(name => values.get(name) ?? parameters.get(name)!)
    const op = tensorflowOps[node.op].train(context, inputs)
    const needed = node.inputs.map(name => trained.has(name) || dependent.has(name))
    const output = node.outputs[0]!
    values.set(output, op.output)
    if (needed.includes(true)) {
      dependent.add(output)
      record.push({ node, op, needed })
    }
    for (const { input, ...statistic } of op.statistics ?? []) statistics.set(node.inputs[input]!, statistic)
  }

  return {
    values,
    statistics,
    backward(given) {
      /** Contributions from everything that reads a value or parameter. */
      const gradients = new Map([...given].map(([name, gradient]) => [name, [gradient]]))
      for (const { node, op, needed } of record.toReversed()) {
        const contributions = gradients.get(node.outputs[0]!)
        if (!contributions) continue
        const dy = graph.sum(contributions.map(gradient => graph.as(gradient, op.output.type)))
        const inputGradients = op.gradient(dy, needed)
        for (const [i, name] of node.inputs.entries()) {
          const gradient = needed[i] ? inputGradients[i] : undefined
          if (gradient) gradients.set(name, [...(gradients.get(name) ?? []), gradient])
        }
      }
      return new Map(
        [...trained].flatMap(name => (gradients.has(name) ? [[name, graph.sum(gradients.get(name)!)]] : [])),
      )
    },
  }
}

/** Random numbers of a node depend on the step's seed and on its place: no two nodes share them. */
function nodeSeed(graph: GraphWriter, seed: Output, index: number): Output {
  const attributes = { T: { type: 'int32' }, N: { int: 2 }, axis: { int: 0 } } as const
  return graph.node('Pack', [seed, graph.ints([index], [])], 'int32', { attributes })
}
