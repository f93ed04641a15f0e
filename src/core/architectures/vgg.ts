/**
 * VGG, Simonyan and Zisserman 2015: 3x3 convolutions with bias, and pooling. `imagenet` is torchvision's network with its
 * three fully connected layers of 4096. For 32x32 images, where 512 features are left, the networks of the literature
 * end in one fully connected layer with batch norm, and in three of 512 without; that of the published channel gates keeps
 * three of 4096 and has no bias in its convolutions (`fc4096`; five-systems 0.3). Names are torchvision's:
 * `features.<place>` and `classifier.<place>`, the places of activations and pooling counted.
 */

import { type BuildOptions, cifar, defineFamily, imagenet } from '../family.ts'
import { GraphBuilder } from '../graph/builder.ts'
import { elementCount } from '../graph/dims.ts'
import type { Graph } from '../graph/model.ts'

type Depth = keyof typeof layouts
interface Shape {
  readonly depth: Depth
  readonly hasBatchNorm: boolean
  readonly size: 'cifar' | 'fc4096-cifar' | 'imagenet'
}

/** Convolutions in each of the five parts; a pooling layer ends each. */
const layouts = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
} as const
const channels = [64, 128, 256, 512, 512]
const depths = Object.keys(layouts).map(Number) as Depth[]

const idOf = ({ depth, hasBatchNorm, size }: Shape) => `vgg${depth}${hasBatchNorm ? '-bn' : ''}-${size}`

function parse(id: string): Shape | null {
  const match = /^vgg(\d+)(-bn)?-((?:fc4096-)?cifar|imagenet)$/.exec(id)
  const depth = depths.find(known => String(known) === match?.[1])
  return match && depth ? { depth, hasBatchNorm: match[2] !== undefined, size: match[3] as Shape['size'] } : null
}

function features(g: GraphBuilder, { depth, hasBatchNorm, size }: Shape): string {
  let x = g.input
  let place = 0
  const next = () => `features.${place++}`
  for (const [part, count] of layouts[depth].entries()) {
    for (let i = 0; i < count; i++) {
      x = g.conv(next(), x, { out: channels[part]!, kernel: 3, padding: 1, bias: size !== 'fc4096-cifar' })
      if (hasBatchNorm) x = g.batchNorm(next(), x)
      x = g.relu(next(), x)
    }
    x = g.maxPool(next(), x, { kernel: 2, stride: 2 })
  }
  return x
}

/** torchvision drops out behind an activation, the CIFAR networks in front of a layer: the same, but for the first. */
function hidden(g: GraphBuilder, input: string, width: number, isDropoutFirst: boolean): string {
  let x = input
  let place = 0
  const next = () => `classifier.${place++}`
  for (let i = 0; i < 2; i++) {
    if (isDropoutFirst) x = g.dropout(next(), x, 0.5)
    x = g.gemm(next(), x, { out: width })
    x = g.relu(next(), x)
    if (!isDropoutFirst) x = g.dropout(next(), x, 0.5)
  }
  return x
}

function build(shape: Shape, { classes, inputDims }: BuildOptions): Graph {
  const g = new GraphBuilder(inputDims)
  const x = g.flatten('flatten', features(g, shape))
  if (shape.size === 'cifar' && shape.hasBatchNorm) return g.build(g.gemm('classifier', x, { out: classes }))
  const width = shape.size === 'cifar' ? 512 : 4096
  return g.build(g.gemm('classifier.6', hidden(g, x, width, shape.size !== 'imagenet'), { out: classes }))
}

export const vgg = defineFamily<Shape>({
  family: 'vgg',
  label: 'VGG',
  help: `vgg<depth>-<cifar|fc4096-cifar|imagenet>, or vgg<depth>-bn-... with batch norm: depth ${depths.join(', ')}`,
  offered: [
    'vgg11-cifar',
    'vgg11-bn-cifar',
    'vgg16-bn-cifar',
    'vgg16-bn-fc4096-cifar',
    'vgg16-imagenet',
    'vgg16-bn-imagenet',
    'vgg19-bn-cifar',
  ],
  parse,
  usual: ({ size }) => (size === 'imagenet' ? imagenet : cifar),
  build,
  guess(tensors) {
    const kernels = [...tensors].filter(([name, dims]) => /^features\.\d+\.weight$/.test(name) && dims.length === 4)
    const depth = depths.find(known => layouts[known].reduce((sum, count) => sum + count, 0) === kernels.length)
    if (!depth) return []
    const hasBatchNorm = tensors.has('features.1.running_mean')
    const cifarSize = tensors.get('classifier.1.weight')?.[0] === 4096 ? 'fc4096-cifar' : 'cifar'
    // The first layer that torchvision's classifier has is at 0; the others are one layer, or start at 1.
    const size = elementCount(tensors.get('classifier.0.weight') ?? [0]) > 0 ? 'imagenet' : cifarSize
    return [idOf({ depth, hasBatchNorm, size })]
  },
  assumptions: () => ['Each of the five parts ends in a 2x2 pooling for the maximum.'],
  squeeze: 'sigmoid',
  nameAliases: [],
})
