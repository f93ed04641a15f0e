/**
 * Which entries of a trained parameter a step may change: 1 = updated, 0 = frozen. Not a pruning mask: what is frozen keeps
 * its value, whatever gradient, weight decay and momentum would make of it.
 */
import type { GraphWriter, Output, Variable } from '../tensorflow/graph-writer.ts'

export class UpdateMask {
  readonly #graph: GraphWriter
  readonly #isUpdated: Output

  /** `mask` is a float32 value of the parameter's shape. */
  constructor(graph: GraphWriter, mask: Output) {
    this.#graph = graph
    this.#isUpdated = graph.compare('Greater', mask, graph.scalar(0))
  }

  /** The gradient with 0 where nothing is updated, also where it is not finite. */
  gradient(gradient: Output): Output {
    return this.#graph.select(this.#isUpdated, gradient, this.#graph.scalar(0))
  }

  /**
   * Takes back what `updated` did to the frozen entries of a parameter and of what its optimizer remembers, to the bit.
   * `updated` must run after the values of these variables have been read.
   */
  takeBack(variables: readonly Variable[], updated: Output): Output[] {
    const graph = this.#graph
    return variables.map(variable => {
      const after = graph.readAgain(variable, [updated])
      return graph.assign(variable, graph.select(this.#isUpdated, after, variable.value))
    })
  }
}
