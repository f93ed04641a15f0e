/** What of a network may be trained: one file each in `trainables/`, one line here. */
import type { TrainableId } from '../../shared/methods.ts'
import { elementCount } from '../graph/dims.ts'
import type { Graph } from '../graph/model.ts'
import type { Trainable, TrainableSet } from './trainable.ts'
import { all } from './trainables/all.ts'
import { batchnorm } from './trainables/batchnorm.ts'
import { batchnormShortcutOutput } from './trainables/batchnorm-shortcut-output.ts'
import { none } from './trainables/none.ts'
import { randomWeights } from './trainables/random-weights.ts'
import { shortcutOutput } from './trainables/shortcut-output.ts'

export const trainables: { readonly [Id in TrainableId]: Trainable } = {
  all,
  batchnorm,
  'batchnorm-shortcut-output': batchnormShortcutOutput,
  'shortcut-output': shortcutOutput,
  'random-weights': randomWeights,
  none,
}

/** Numbers that are trained. */
export function countTrainable(graph: Graph, { parameters, updateMasks }: TrainableSet): number {
  return [...parameters].reduce((sum, name) => {
    const mask = updateMasks.get(name)
    return sum + (mask ? mask.reduce((ones, one) => ones + one, 0) : elementCount(graph.parameters[name]!.dims))
  }, 0)
}
