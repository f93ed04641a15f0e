/**
 * Wide residual networks, Zagoruyko and Komodakis 2016: depth 6n + 4, three groups of n pre-activation blocks at 16, 32
 * and 64 channels times the width factor. Where the channels change, the shortcut is a 1x1 convolution of the
 * pre-activated input, without batch norm. Names are those of xternalz/WideResNet-pytorch; dropout stands in front of
 * the second convolution, with the ratio of Global MP (five-systems 0.3).
 */

import { type BuildOptions, cifar, defineFamily } from '../family.ts'
import { GraphBuilder } from '../graph/builder.ts'
import type { Graph } from '../graph/model.ts'

interface Shape {
  readonly depth: number
  readonly width: number
}

const dropoutRatio = 0.3

const idOf = ({ depth, width }: Shape) => `wrn-${depth}-${width}`

function parse(id: string): Shape | null {
  const match = /^wrn-([1-9]\d{1,2})-([1-9]\d?)$/.exec(id)
  const shape = { depth: Number(match?.[1]), width: Number(match?.[2]) }
  return match && (shape.depth - 4) % 6 === 0 ? shape : null
}

function block(g: GraphBuilder, name: string, x: string, channels: number, stride: number): string {
  const activated = g.relu(`${name}.relu1`, g.batchNorm(`${name}.bn1`, x))
  let y = g.conv(`${name}.conv1`, activated, { out: channels, kernel: 3, stride, padding: 1 })
  y = g.relu(`${name}.relu2`, g.batchNorm(`${name}.bn2`, y))
  y = g.dropout(`${name}.dropout`, y, dropoutRatio)
  y = g.conv(`${name}.conv2`, y, { out: channels, kernel: 3, padding: 1 })
  if (g.dims(x)[0] === channels && stride === 1) return g.add(`${name}.add`, x, y)
  return g.add(`${name}.add`, g.conv(`${name}.convShortcut`, activated, { out: channels, kernel: 1, stride }), y)
}

function build({ depth, width }: Shape, { classes, inputDims }: BuildOptions): Graph {
  const g = new GraphBuilder(inputDims)
  let x = g.conv('conv1', g.input, { out: 16, kernel: 3, padding: 1 })
  for (const group of [1, 2, 3]) {
    for (let i = 0; i < (depth - 4) / 6; i++) {
      const stride = group > 1 && i === 0 ? 2 : 1
      x = block(g, `block${group}.layer.${i}`, x, 16 * width * 2 ** (group - 1), stride)
    }
  }
  x = g.relu('relu', g.batchNorm('bn1', x))
  x = g.flatten('flatten', g.globalAveragePool('pool', x))
  return g.build(g.gemm('fc', x, { out: classes }))
}

export const wideResnet = defineFamily<Shape>({
  family: 'wide-resnet',
  label: 'Wide ResNet',
  help: 'wrn-<depth>-<width factor>: depth 6n+4 from 10 up',
  offered: ['wrn-16-8', 'wrn-16-10', 'wrn-22-8', 'wrn-28-8', 'wrn-28-10', 'wrn-40-2'],
  parse,
  usual: () => cifar,
  build,
  guess(tensors) {
    const first = tensors.get('block1.layer.0.conv1.weight')
    if (!first) return []
    const indices = [...tensors.keys()].map(name => Number(/^block1\.layer\.(\d{1,2})\.conv1\./.exec(name)?.[1] ?? 0))
    const id = idOf({ depth: 6 * (Math.max(...indices) + 1) + 4, width: (first[0] ?? 0) / 16 })
    return parse(id) ? [id] : []
  },
  assumptions: () => ['Shortcut convolutions read the input after its batch norm and ReLU.'],
  nameAliases: [],
})
