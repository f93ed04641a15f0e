import { EspalierError } from '../../shared/errors.ts'
import { prunableParameters } from './cost.ts'
import { elementCount } from './dims.ts'
import type { Model } from './model.ts'
import { validateGraph } from './shapes.ts'

const problem = (message: string) =>
  new EspalierError({
    code: 'model.invalid',
    message,
    rule: 'A model has finite weights for every parameter, variances from 0 up, and masks of zeros and ones under which weights are zero.',
  })

/** Checks the graph, and that weights and masks are what the graph says. Throws `model.invalid` naming the tensor. */
export function validateModel({ graph, weights, masks }: Model): void {
  validateGraph(graph)
  for (const [name, { dims, role }] of Object.entries(graph.parameters)) {
    const values = weights.get(name)
    if (!values) throw problem(`The weights of "${name}" are missing.`)
    if (values.length !== elementCount(dims))
      throw problem(`"${name}" has ${values.length} entries, its dims ask for ${elementCount(dims)}.`)
    const bad = values.findIndex(value => !Number.isFinite(value))
    if (bad >= 0) throw problem(`"${name}" holds ${values[bad]} at index ${bad}.`)
    // Its square root would be NaN, which a ReLU of TensorFlow turns into 0: wrong numbers without a word.
    const negative = role === 'variance' ? values.findIndex(value => value < 0) : -1
    if (negative >= 0) throw problem(`"${name}" holds the negative variance ${values[negative]} at index ${negative}.`)
  }
  const prunable = new Set(prunableParameters(graph))
  for (const [name, mask] of masks) {
    const values = weights.get(name)
    if (!values || !prunable.has(name)) throw problem(`There is a mask for "${name}", which cannot be pruned.`)
    if (mask.length !== values.length)
      throw problem(`The mask of "${name}" has ${mask.length} entries, not ${values.length}.`)
    const bad = mask.findIndex((kept, i) => kept !== 1 && (kept !== 0 || values[i] !== 0))
    if (bad >= 0) throw problem(`The mask of "${name}" does not hold at index ${bad}.`)
  }
}
