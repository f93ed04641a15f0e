/**
 * Residual networks for 32x32 images, He et al. 2016 ("Deep Residual Learning for Image Recognition", section 4.2):
 * depth 6n + 2, three stages of n blocks at 16, 32 and 64 channels, times a width factor. Where a block halves the
 * image and widens the channels, its shortcut is option A (every second row and column, zero channels on both sides)
 * or option B (1x1 convolution with stride 2, and batch norm). Names are those of akamaster/pytorch_resnet_cifar10.
 */

import { type BuildOptions, cifar, defineFamily } from '../family.ts'
import { GraphBuilder } from '../graph/builder.ts'
import type { Graph } from '../graph/model.ts'

interface Shape {
  readonly depth: number
  readonly option: 'a' | 'b'
  readonly width: number
}

const depths = [8, 14, 20, 32, 44, 56, 110]

const idOf = ({ depth, option, width }: Shape) => `resnet${depth}-${option}${width === 1 ? '' : `-w${width}`}`

function parse(id: string): Shape | null {
  const match = /^resnet([1-9]\d{0,3})-([ab])(?:-w([1-9]\d?))?$/.exec(id)
  if (!match) return null
  const shape: Shape = { depth: Number(match[1]), option: match[2] as Shape['option'], width: Number(match[3] ?? 1) }
  // One id a network: no `-w1`.
  return shape.depth >= 8 && (shape.depth - 2) % 6 === 0 && idOf(shape) === id ? shape : null
}

function block(g: GraphBuilder, name: string, x: string, channels: number, stride: number, option: Shape['option']) {
  const own = (part: string) => `${name}.${part}`
  let y = g.conv(own('conv1'), x, { out: channels, kernel: 3, stride, padding: 1 })
  y = g.relu(own('relu1'), g.batchNorm(own('bn1'), y))
  y = g.conv(own('conv2'), y, { out: channels, kernel: 3, padding: 1 })
  y = g.batchNorm(own('bn2'), y)
  return g.relu(own('relu2'), g.add(own('add'), y, shortcut(g, own('shortcut'), x, channels, stride, option)))
}

function shortcut(g: GraphBuilder, name: string, x: string, channels: number, stride: number, option: Shape['option']) {
  const missing = channels - g.dims(x)[0]!
  if (stride === 1 && missing === 0) return x
  if (option === 'b') {
    const projected = g.conv(`${name}.0`, x, { out: channels, kernel: 1, stride })
    return g.batchNorm(`${name}.1`, projected)
  }
  // Half of the missing channels (a quarter of the new width) on each side, the odd one behind.
  const before = Math.floor(missing / 2)
  return g.padChannels(`${name}.pad`, g.subsample(`${name}.subsample`, x, stride), before, missing - before)
}

function build({ depth, option, width }: Shape, { classes, inputDims }: BuildOptions): Graph {
  const g = new GraphBuilder(inputDims)
  let x = g.conv('conv1', g.input, { out: 16 * width, kernel: 3, padding: 1 })
  x = g.relu('relu', g.batchNorm('bn1', x))
  for (const stage of [1, 2, 3]) {
    for (let i = 0; i < (depth - 2) / 6; i++) {
      const stride = stage > 1 && i === 0 ? 2 : 1
      x = block(g, `layer${stage}.${i}`, x, 16 * width * 2 ** (stage - 1), stride, option)
    }
  }
  x = g.flatten('flatten', g.globalAveragePool('pool', x))
  return g.build(g.gemm('linear', x, { out: classes }))
}

export const resnetCifar = defineFamily<Shape>({
  family: 'resnet-cifar',
  label: 'ResNet for small images',
  help: 'resnet<depth>-<a|b>, or resnet<depth>-<a|b>-w<width factor>: depth 6n+2 from 8 up; shortcut option a (zero channels) or b (projection)',
  offered: depths.flatMap(depth => (['a', 'b'] as const).map(option => idOf({ depth, option, width: 1 }))),
  parse,
  usual: () => cifar,
  build,
  guess(tensors) {
    const names = [...tensors.keys()]
    const blocks = names.flatMap(name => {
      const match = /^layer([1-9])\.(\d{1,3})\.conv[12]\.weight$/.exec(name)
      return match ? [{ stage: Number(match[1]), index: Number(match[2]) }] : []
    })
    const width = (tensors.get('conv1.weight')?.[0] ?? 16) / 16
    if (blocks.length === 0 || blocks.some(({ stage }) => stage > 3)) return []
    const depth = 6 * (Math.max(...blocks.map(({ index }) => index)) + 1) + 2
    const option = names.some(name => name.includes('.shortcut.')) ? 'b' : 'a'
    const id = idOf({ depth, option, width })
    return parse(id) ? [id] : []
  },
  assumptions: ({ option }) => [
    option === 'a'
      ? 'No shortcut has weights, so shortcuts are option A: every second row and column, then zero channels on both sides.'
      : 'Shortcuts have weights, so they are option B: a 1x1 convolution and batch norm.',
  ],
  nameAliases: [
    { pattern: /^fc\./, replacement: 'linear.' },
    { pattern: /\.downsample\./, replacement: '.shortcut.' },
  ],
})
