/**
 * Residual networks of four stages, He et al. 2016 ("Deep Residual Learning for Image Recognition", table 1), with the
 * stem for ImageNet (7x7 convolution and pooling, a quarter of the size) or the one for small images (3x3 convolution).
 * A bottleneck halves the image in its 3x3 convolution, as torchvision does, whose names these are.
 */

import { type BuildOptions, cifar, defineFamily, imagenet } from '../family.ts'
import { GraphBuilder } from '../graph/builder.ts'
import type { Graph } from '../graph/model.ts'

type Depth = keyof typeof layouts
interface Shape {
  readonly depth: Depth
  readonly stem: 'cifar' | 'imagenet'
}

/** Blocks of each stage, and whether they are bottlenecks. */
const layouts = {
  18: { blocks: [2, 2, 2, 2], isBottleneck: false },
  34: { blocks: [3, 4, 6, 3], isBottleneck: false },
  50: { blocks: [3, 4, 6, 3], isBottleneck: true },
  101: { blocks: [3, 4, 23, 3], isBottleneck: true },
  152: { blocks: [3, 8, 36, 3], isBottleneck: true },
} as const
const depths = Object.keys(layouts).map(Number) as Depth[]

const idOf = ({ depth, stem }: Shape) => `resnet${depth}-${stem}`

function parse(id: string): Shape | null {
  const match = /^resnet(\d+)-(cifar|imagenet)$/.exec(id)
  const depth = depths.find(known => String(known) === match?.[1])
  return match && depth ? { depth, stem: match[2] as Shape['stem'] } : null
}

function basic(g: GraphBuilder, name: string, x: string, channels: number, stride: number): string {
  let y = g.conv(`${name}.conv1`, x, { out: channels, kernel: 3, stride, padding: 1 })
  y = g.relu(`${name}.relu1`, g.batchNorm(`${name}.bn1`, y))
  y = g.conv(`${name}.conv2`, y, { out: channels, kernel: 3, padding: 1 })
  return g.batchNorm(`${name}.bn2`, y)
}

function bottleneck(g: GraphBuilder, name: string, x: string, channels: number, stride: number): string {
  let y = g.conv(`${name}.conv1`, x, { out: channels, kernel: 1 })
  y = g.relu(`${name}.relu1`, g.batchNorm(`${name}.bn1`, y))
  y = g.conv(`${name}.conv2`, y, { out: channels, kernel: 3, stride, padding: 1 })
  y = g.relu(`${name}.relu2`, g.batchNorm(`${name}.bn2`, y))
  y = g.conv(`${name}.conv3`, y, { out: 4 * channels, kernel: 1 })
  return g.batchNorm(`${name}.bn3`, y)
}

/** `x` itself, or its projection to the dims of `y`. */
function shortcut(g: GraphBuilder, name: string, x: string, y: string, stride: number): string {
  const out = g.dims(y)[0]!
  if (stride === 1 && g.dims(x)[0] === out) return x
  return g.batchNorm(`${name}.1`, g.conv(`${name}.0`, x, { out, kernel: 1, stride }))
}

function stem(g: GraphBuilder, kind: Shape['stem']): string {
  const window = kind === 'imagenet' ? { kernel: 7, stride: 2, padding: 3 } : { kernel: 3, padding: 1 }
  const x = g.relu('relu', g.batchNorm('bn1', g.conv('conv1', g.input, { out: 64, ...window })))
  return kind === 'imagenet' ? g.maxPool('maxpool', x, { kernel: 3, stride: 2, padding: 1 }) : x
}

function build({ depth, stem: kind }: Shape, { classes, inputDims }: BuildOptions): Graph {
  const { blocks, isBottleneck } = layouts[depth]
  const g = new GraphBuilder(inputDims)
  let x = stem(g, kind)
  for (const [stage, count] of blocks.entries()) {
    for (let i = 0; i < count; i++) {
      const name = `layer${stage + 1}.${i}`
      const stride = stage > 0 && i === 0 ? 2 : 1
      const y = (isBottleneck ? bottleneck : basic)(g, name, x, 64 * 2 ** stage, stride)
      const sum = g.add(`${name}.add`, y, shortcut(g, `${name}.downsample`, x, y, stride))
      x = g.relu(`${name}.relu`, sum)
    }
  }
  x = g.flatten('flatten', g.globalAveragePool('avgpool', x))
  return g.build(g.gemm('fc', x, { out: classes }))
}

export const resnet = defineFamily<Shape>({
  family: 'resnet',
  label: 'ResNet',
  help: `resnet<depth>-<cifar|imagenet>: depth ${depths.join(', ')}; the stem for small images or for large ones`,
  offered: depths.flatMap(depth => (['cifar', 'imagenet'] as const).map(kind => idOf({ depth, stem: kind }))),
  parse,
  usual: shape => (shape.stem === 'imagenet' ? imagenet : cifar),
  build,
  guess(tensors) {
    const names = [...tensors.keys()]
    const blocks = [0, 0, 0, 0]
    for (const name of names) {
      const match = /^layer([1-4])\.(\d{1,2})\.conv1\.weight$/.exec(name)
      if (match) blocks[Number(match[1]) - 1] = Math.max(blocks[Number(match[1]) - 1]!, Number(match[2]) + 1)
    }
    const isBottleneck = names.some(name => name.endsWith('.conv3.weight'))
    const depth = depths.find(
      known => layouts[known].isBottleneck === isBottleneck && layouts[known].blocks.every((n, i) => n === blocks[i]),
    )
    const kind = tensors.get('conv1.weight')?.[2] === 7 ? 'imagenet' : 'cifar'
    return depth ? [idOf({ depth, stem: kind })] : []
  },
  assumptions: ({ depth, stem: kind }) => [
    ...(layouts[depth].isBottleneck
      ? ['Bottlenecks halve the image in their 3x3 convolution, as torchvision does.']
      : []),
    kind === 'imagenet'
      ? 'The stem is a 7x7 convolution with stride 2, and pooling behind it.'
      : 'The stem is a 3x3 convolution, so the network is for small images: no stride and no pooling in the stem.',
  ],
  nameAliases: [
    { pattern: /^linear\./, replacement: 'fc.' },
    { pattern: /\.shortcut\./, replacement: '.downsample.' },
  ],
})
