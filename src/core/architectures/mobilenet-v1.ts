/**
 * MobileNet V1, Howard et al. 2017: a 3x3 convolution and 13 separable ones (3x3 for each channel, then 1x1).
 * `mobilenet-v1` is for ImageNet, its classifier without bias, as Global MP and STR train it (five-systems 0.3), and has
 * their names. `mobilenet-v1-cifar` does not halve the image in its stem and has the names of kuangliu/pytorch-cifar.
 */

import { type BuildOptions, cifar, defineFamily, imagenet } from '../family.ts'
import { GraphBuilder } from '../graph/builder.ts'
import type { Graph } from '../graph/model.ts'

/** Of each separable convolution: output channels and stride. */
const layout: readonly (readonly [out: number, stride: number])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...Array.from({ length: 5 }, () => [512, 1] as const),
  [1024, 2],
  [1024, 1],
]

interface Style {
  readonly usual: BuildOptions
  readonly stemStride: number
  /** Names of the stem's convolution and batch norm. */
  readonly stem: readonly [string, string]
  /** Names of the two convolutions of separable convolution `i` (from 0), each with its batch norm. */
  readonly separable: (i: number) => readonly [string, string, string, string]
  readonly classifier: string
  readonly hasBias: boolean
}

const styles: Readonly<Record<string, Style>> = {
  'mobilenet-v1': {
    usual: imagenet,
    stemStride: 2,
    stem: ['model.0.0', 'model.0.1'],
    separable: i => [`model.${i + 1}.0`, `model.${i + 1}.1`, `model.${i + 1}.3`, `model.${i + 1}.4`],
    classifier: 'fc',
    hasBias: false,
  },
  'mobilenet-v1-cifar': {
    usual: cifar,
    stemStride: 1,
    stem: ['conv1', 'bn1'],
    separable: i => [`layers.${i}.conv1`, `layers.${i}.bn1`, `layers.${i}.conv2`, `layers.${i}.bn2`],
    classifier: 'linear',
    hasBias: true,
  },
}

function build(style: Style, { classes, inputDims }: BuildOptions): Graph {
  const g = new GraphBuilder(inputDims)
  const activated = (norm: string, y: string) => g.relu(`${norm}.relu`, g.batchNorm(norm, y))
  const [stem, stemNorm] = style.stem
  let x = activated(stemNorm, g.conv(stem, g.input, { out: 32, kernel: 3, stride: style.stemStride, padding: 1 }))
  for (const [i, [out, stride]] of layout.entries()) {
    const [depthwise, norm1, pointwise, norm2] = style.separable(i)
    const group = g.dims(x)[0]!
    x = activated(norm1, g.conv(depthwise, x, { out: group, kernel: 3, stride, padding: 1, group }))
    x = activated(norm2, g.conv(pointwise, x, { out, kernel: 1 }))
  }
  x = g.flatten('flatten', g.globalAveragePool('pool', x))
  return g.build(g.gemm(style.classifier, x, { out: classes, bias: style.hasBias }))
}

const ids = Object.keys(styles)

export const mobilenetV1 = defineFamily<Style>({
  family: 'mobilenet-v1',
  label: 'MobileNet V1',
  help: ids.join(', '),
  offered: ids,
  parse: id => (Object.hasOwn(styles, id) ? styles[id]! : null),
  usual: ({ usual }) => usual,
  build,
  guess: tensors => ids.filter(id => tensors.has(`${styles[id]!.separable(12)[2]}.weight`)),
  assumptions: ({ stemStride }) => [
    stemStride === 1
      ? 'The names are those of pytorch-cifar, so the stem does not halve the image.'
      : 'The names are those of the ImageNet network, so the stem halves the image.',
  ],
  nameAliases: [],
})
