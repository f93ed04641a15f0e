/**
 * LeNet-5 as Caffe and the pruning literature have it (after LeCun et al. 1998): 5x5 convolutions to 20 and 50 channels,
 * each with 2x2 pooling, then 500 and the classes; 431,080 parameters on 28x28 grey images.
 */

import { type BuildOptions, defineFamily } from '../family.ts'
import { GraphBuilder } from '../graph/builder.ts'
import type { Graph } from '../graph/model.ts'

function build(_shape: unknown, { classes, inputDims }: BuildOptions): Graph {
  const g = new GraphBuilder(inputDims)
  let x = g.relu('relu1', g.conv('conv1', g.input, { out: 20, kernel: 5, bias: true }))
  x = g.maxPool('pool1', x, { kernel: 2, stride: 2 })
  x = g.relu('relu2', g.conv('conv2', x, { out: 50, kernel: 5, bias: true }))
  x = g.flatten('flatten', g.maxPool('pool2', x, { kernel: 2, stride: 2 }))
  x = g.relu('relu3', g.gemm('fc1', x, { out: 500 }))
  return g.build(g.gemm('fc2', x, { out: classes }))
}

export const lenet = defineFamily({
  family: 'lenet',
  label: 'LeNet',
  help: 'lenet5',
  offered: ['lenet5'],
  parse: id => (id === 'lenet5' ? {} : null),
  usual: () => ({ classes: 10, inputDims: [1, 28, 28] }),
  build,
  guess: tensors => (tensors.get('conv1.weight')?.[0] === 20 && tensors.has('fc1.weight') ? ['lenet5'] : []),
  assumptions: () => ['Each convolution has a ReLU behind it, then pooling for the maximum.'],
  // Global MP counts its layers through.
  nameAliases: [
    { pattern: /^fc3\./, replacement: 'fc1.' },
    { pattern: /^fc4\./, replacement: 'fc2.' },
  ],
})
