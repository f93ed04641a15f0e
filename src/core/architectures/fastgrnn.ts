/**
 * FastGRNN, Kusupati et al. 2018: one gated recurrent layer whose gate and candidate share their kernels, and a linear
 * classifier on its last state. Without the low-rank factors. The usual task is HAR-2: 128 steps of 9 signals, 2 classes
 * (five-systems 0.3).
 */

import { type BuildOptions, defineFamily } from '../family.ts'
import { GraphBuilder } from '../graph/builder.ts'
import type { Graph } from '../graph/model.ts'

/** Size of the state. */
interface Shape {
  readonly hidden: number
}

function parse(id: string): Shape | null {
  const match = /^fastgrnn-([1-9]\d{0,3})$/.exec(id)
  return match ? { hidden: Number(match[1]) } : null
}

function build({ hidden }: Shape, { classes, inputDims }: BuildOptions): Graph {
  const g = new GraphBuilder(inputDims)
  return g.build(g.gemm('fc', g.fastGrnn('cell', g.input, hidden), { out: classes }))
}

export const fastgrnn = defineFamily<Shape>({
  family: 'fastgrnn',
  label: 'FastGRNN',
  help: 'fastgrnn-<size of the state>',
  offered: ['fastgrnn-80'],
  parse,
  usual: () => ({ classes: 2, inputDims: [128, 9] }),
  build,
  guess(tensors) {
    const id = `fastgrnn-${tensors.get('cell.U')?.[1]}`
    return parse(id) ? [id] : []
  },
  assumptions: () => ['The gate is a sigmoid, the candidate a tanh, and the state starts at 0.'],
  // EdgeML's classifier of one layer.
  nameAliases: [
    { pattern: /^rnn_list\.0\./, replacement: '' },
    { pattern: /^hidden2keyword\./, replacement: 'fc.' },
  ],
})
