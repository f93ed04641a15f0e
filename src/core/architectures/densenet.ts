/**
 * DenseNet-BC, Huang et al. 2017: each layer (1x1 convolution to four times the growth, 3x3 to the growth, both
 * pre-activated) reads all that was made before it in its block; transitions halve channels and image.
 *
 * `k32` is torchvision's network for ImageNet, names and order included. `k12` is the one for 32x32 images that
 * kuangliu/pytorch-cifar calls densenet_cifar (and five-systems 0.3, DenseNet-121): growth 12, a 3x3 stem. It joins new
 * channels in front of the old ones, torchvision behind them; with stored weights that is another network.
 */

import { type BuildOptions, cifar, defineFamily, imagenet } from '../family.ts'
import { GraphBuilder } from '../graph/builder.ts'
import type { Graph } from '../graph/model.ts'

type Depth = keyof typeof layouts
type Growth = keyof typeof styles
interface Shape {
  readonly depth: Depth
  readonly growth: Growth
}

/** Layers of each block. */
const layouts = {
  121: [6, 12, 24, 16],
  169: [6, 12, 32, 32],
  201: [6, 12, 48, 32],
} as const
const depths = Object.keys(layouts).map(Number) as Depth[]

interface Style {
  /** Names of layer `i` of block `b`, and of the transition behind a block; both count from 0. */
  readonly layer: (b: number, i: number) => string
  readonly transition: (b: number) => string
  readonly norms: readonly [string, string]
  readonly transitionNorm: string
  readonly lastNorm: string
  readonly classifier: string
  readonly isNewFirst: boolean
  readonly stem: (g: GraphBuilder, out: number) => string
}

const styles = {
  12: {
    layer: (b, i) => `dense${b + 1}.${i}`,
    transition: b => `trans${b + 1}`,
    norms: ['bn1', 'bn2'],
    transitionNorm: 'bn',
    lastNorm: 'bn',
    classifier: 'linear',
    isNewFirst: true,
    stem: (g, out) => g.conv('conv1', g.input, { out, kernel: 3, padding: 1 }),
  },
  32: {
    layer: (b, i) => `features.denseblock${b + 1}.denselayer${i + 1}`,
    transition: b => `features.transition${b + 1}`,
    norms: ['norm1', 'norm2'],
    transitionNorm: 'norm',
    lastNorm: 'features.norm5',
    classifier: 'classifier',
    isNewFirst: false,
    stem(g, out) {
      const x = g.conv('features.conv0', g.input, { out, kernel: 7, stride: 2, padding: 3 })
      const activated = g.relu('features.relu0', g.batchNorm('features.norm0', x))
      return g.maxPool('features.pool0', activated, { kernel: 3, stride: 2, padding: 1 })
    },
  },
} as const satisfies Record<number, Style>

const idOf = ({ depth, growth }: Shape) => `densenet${depth}-k${growth}`

function parse(id: string): Shape | null {
  const match = /^densenet(\d+)-k(12|32)$/.exec(id)
  const depth = depths.find(known => String(known) === match?.[1])
  return match && depth ? { depth, growth: match[2] === '12' ? 12 : 32 } : null
}

function layer(g: GraphBuilder, name: string, x: string, growth: number, { norms, isNewFirst }: Style): string {
  let y = g.relu(`${name}.relu1`, g.batchNorm(`${name}.${norms[0]}`, x))
  y = g.conv(`${name}.conv1`, y, { out: 4 * growth, kernel: 1 })
  y = g.relu(`${name}.relu2`, g.batchNorm(`${name}.${norms[1]}`, y))
  y = g.conv(`${name}.conv2`, y, { out: growth, kernel: 3, padding: 1 })
  return g.concat(`${name}.concat`, isNewFirst ? [y, x] : [x, y])
}

function transition(g: GraphBuilder, name: string, x: string, { transitionNorm }: Style): string {
  let y = g.relu(`${name}.relu`, g.batchNorm(`${name}.${transitionNorm}`, x))
  y = g.conv(`${name}.conv`, y, { out: Math.floor(g.dims(y)[0]! / 2), kernel: 1 })
  return g.averagePool(`${name}.pool`, y, { kernel: 2, stride: 2 })
}

function build({ depth, growth }: Shape, { classes, inputDims }: BuildOptions): Graph {
  const style: Style = styles[growth]
  const g = new GraphBuilder(inputDims)
  let x = style.stem(g, 2 * growth)
  for (const [b, count] of layouts[depth].entries()) {
    if (b > 0) x = transition(g, style.transition(b - 1), x, style)
    for (let i = 0; i < count; i++) x = layer(g, style.layer(b, i), x, growth, style)
  }
  x = g.relu('relu', g.batchNorm(style.lastNorm, x))
  x = g.flatten('flatten', g.globalAveragePool('pool', x))
  return g.build(g.gemm(style.classifier, x, { out: classes }))
}

export const densenet = defineFamily<Shape>({
  family: 'densenet',
  label: 'DenseNet',
  help: `densenet<depth>-k12 for small images, or densenet<depth>-k32 for large ones: depth ${depths.join(', ')}`,
  offered: ['densenet121-k12', 'densenet121-k32'],
  parse,
  usual: ({ growth }) => (growth === 32 ? imagenet : cifar),
  build,
  guess(tensors) {
    const growth = tensors.has('dense1.0.conv1.weight') ? 12 : 32
    const { layer: nameOf }: Style = styles[growth]
    const has = (b: number, i: number) => tensors.has(`${nameOf(b, i)}.conv1.weight`)
    return depths
      .filter(depth => layouts[depth].every((count, b) => has(b, count - 1) && !has(b, count)))
      .map(depth => idOf({ depth, growth }))
  },
  assumptions: ({ growth }) => [
    `The names are those of ${growth === 12 ? 'pytorch-cifar, so new channels stand in front of' : 'torchvision, so new channels stand behind'} the old ones.`,
  ],
  // torchvision before 0.3 wrote `norm.1` for `norm1`.
  nameAliases: [{ pattern: /(\.denselayer\d+\.(?:norm|conv))\.([12])\./, replacement: '$1$2.' }],
})
