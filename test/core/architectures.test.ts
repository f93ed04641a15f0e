import { describe, expect, it } from 'vitest'
import { architectureOf, families } from '../../src/core/architectures.ts'
import { graphCost } from '../../src/core/graph/cost.ts'
import { validateGraph } from '../../src/core/graph/shapes.ts'

// five-systems, tables 0.3 and 5c: prunable, batch norm, total parameters (null: not in the table), MACs in millions with the digits given.
const table: [id: string, prunable: number | null, batchNorm: number, total: number, macs: string | null][] = [
  ['resnet20-a', 268_336, 1_376, 269_722, '40.55'],
  ['resnet20-b', 270_896, 1_568, 272_474, '40.81'],
  ['resnet32-a', 461_872, 2_272, 464_154, '68.86'],
  ['resnet32-b', 464_432, 2_464, 466_906, '69.12'],
  ['resnet56-b', 851_504, 4_256, 855_770, '125.7'],
  ['resnet110-b', 1_722_416, 8_288, 1_730_714, '253.1'],
  ['resnet14-b', null, 1_120, 175_258, '26.7'],
  ['resnet218-b', null, 16_352, 3_480_602, null],
  ['resnet434-b', null, 32_480, 6_980_378, null],
  ['resnet866-b', null, 64_736, 13_979_930, null],
  ['resnet14-b-w2', null, 2_240, 696_618, '105.7'],
  ['resnet14-b-w4', null, 4_480, 2_777_674, '421'],
  ['resnet14-b-w8', null, 8_960, 11_093_130, '1681'],
]

describe('CIFAR ResNets', () => {
  it.each(table)('%s has the parameters and MACs of the table', (id, prunable, batchNorm, total, macs) => {
    const graph = architectureOf(id)
    validateGraph(graph)
    const cost = graphCost(graph)
    expect(cost.parameters).toBe(total)
    expect(cost.batchNorm).toBe(batchNorm)
    // What is left of the total are the ten biases of the classifier.
    expect(cost.prunable).toBe(prunable ?? total - batchNorm - 10)
    if (macs !== null) expect((cost.macs / 1e6).toFixed(macs.split('.')[1]?.length ?? 0)).toBe(macs)
  })

  it('names its parameters as akamaster/pytorch_resnet_cifar10 does, in its order', () => {
    const a = Object.entries(architectureOf('resnet8-a').parameters).map(
      ([name, { dims }]) => `${name} ${dims.join('x')}`,
    )
    const norm = (name: string, n: number) =>
      ['weight', 'bias', 'running_mean', 'running_var'].map(part => `${name}.${part} ${n}`)
    const block = (name: string, from: number, to: number) => [
      `${name}.conv1.weight ${to}x${from}x3x3`,
      ...norm(`${name}.bn1`, to),
      `${name}.conv2.weight ${to}x${to}x3x3`,
      ...norm(`${name}.bn2`, to),
    ]
    const stem = ['conv1.weight 16x3x3x3', ...norm('bn1', 16)]
    const head = ['linear.weight 10x64', 'linear.bias 10']
    expect(a).toEqual([
      ...stem,
      ...block('layer1.0', 16, 16),
      ...block('layer2.0', 16, 32),
      ...block('layer3.0', 32, 64),
      ...head,
    ])
    const b = Object.entries(architectureOf('resnet8-b').parameters).map(
      ([name, { dims }]) => `${name} ${dims.join('x')}`,
    )
    const projection = (name: string, from: number, to: number) => [
      `${name}.shortcut.0.weight ${to}x${from}x1x1`,
      ...norm(`${name}.shortcut.1`, to),
    ]
    expect(b).toEqual([
      ...stem,
      ...block('layer1.0', 16, 16),
      ...block('layer2.0', 16, 32),
      ...projection('layer2.0', 16, 32),
      ...block('layer3.0', 32, 64),
      ...projection('layer3.0', 32, 64),
      ...head,
    ])
  })

  it('pads option A shortcuts by a quarter of the new width on each side', () => {
    const nodes = new Map(architectureOf('resnet20-a').nodes.map(node => [node.name, node]))
    expect(nodes.get('layer2.0.shortcut.subsample')!.attributes).toEqual({
      starts: [0, 0],
      ends: [32, 32],
      axes: [2, 3],
      steps: [2, 2],
    })
    expect(nodes.get('layer3.0.shortcut.pad')!.attributes).toEqual({ pads: [0, 16, 0, 0, 0, 16, 0, 0] })
    expect(nodes.get('layer2.0.conv1')!.attributes).toMatchObject({ pads: [1, 1, 1, 1], strides: [2, 2] })
    expect(nodes.get('bn1')!.attributes['epsilon']).toBe(1e-5)
  })

  it('takes class count and input dims', () => {
    const graph = architectureOf('resnet14-a', { classes: 37, inputDims: [1, 28, 28] })
    validateGraph(graph)
    expect(graph.output.dims).toEqual([37])
    expect(graph.parameters['conv1.weight']!.dims).toEqual([16, 1, 3, 3])
  })
})

describe('the registry', () => {
  it('builds every id it offers, and each of them is valid', () => {
    for (const { offered, parses } of families)
      for (const id of offered) {
        expect(parses(id)).toBe(true)
        validateGraph(architectureOf(id))
      }
  })

  it.each([
    'resnet21-a',
    'resnet2-a',
    'resnet20',
    'resnet20-c',
    'resnet20-a-w1',
    'resnet20-a-w0',
    'resnet020-a',
    'vgg',
    '',
  ])('does not know "%s"', id => {
    expect(() => architectureOf(id)).toThrow(expect.objectContaining({ code: 'architecture.unknown' }))
  })

  it('suggests the nearest id', () => {
    expect(() => architectureOf('resnet_20a')).toThrow(expect.objectContaining({ hint: 'Did you mean "resnet20-a"?' }))
  })
})
