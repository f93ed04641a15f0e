import { describe, expect, it } from 'vitest'
import {
  architectureOf,
  assumptionsOf,
  describeArchitecture,
  families,
  offeredArchitectures,
} from '../../src/core/architectures.ts'
import { prunableLayers } from '../../src/core/graph/cost.ts'
import type { Graph } from '../../src/core/graph/model.ts'
import { inferShapes, validateGraph } from '../../src/core/graph/shapes.ts'
import { architectureTable } from './architecture-table.ts'

describe('the table of the papers', () => {
  it.each(architectureTable)('$id', ({ id, prunable, batchNorm, total, macs }) => {
    validateGraph(architectureOf(id))
    const found = describeArchitecture(id)
    expect(found).toMatchObject({ id, params: total, batchNorm })
    if (prunable !== undefined) expect(found.prunable).toBe(prunable)
    // One more digit would round the 125.75 and 253.15 millions up that the table cuts off.
    if (macs !== undefined) expect((found.macs / 1e6).toFixed(macs.split('.')[1]?.length ?? 0)).toBe(macs)
  })

  it('has 121 prunable layers in DenseNet-121, 54 in ResNet-50, 28 in MobileNet-V1, 14 in VGG-16-BN, 34 in ResNet-32 B', () => {
    const ids = ['densenet121-k12', 'resnet50-imagenet', 'mobilenet-v1', 'vgg16-bn-cifar', 'resnet32-b']
    expect(ids.map(id => prunableLayers(architectureOf(id)).length)).toEqual([121, 54, 28, 14, 34])
  })

  it('is part of what is offered', () => {
    const offered = offeredArchitectures()
    const named = new Set(offered.map(({ id }) => id))
    const rows = architectureTable
      .map(({ id }) => id)
      .filter(id => !/^resnet(\d{3}|\d+-b-w)/.test(id) || id === 'resnet110-b')
    expect(rows.filter(id => !named.has(id) && !id.includes('1-imagenet'))).toEqual([])
    expect(offered.find(({ id }) => id === 'fastgrnn-80')).toEqual({
      id: 'fastgrnn-80',
      label: 'FastGRNN',
      params: 7_444,
      prunable: 7_280,
      batchNorm: 0,
      macs: 128 * (720 + 6_400) + 160,
      input: [128, 9],
      classes: 2,
    })
    expect(offered.find(({ id }) => id === 'mobilenet-v1')).toMatchObject({ input: [3, 224, 224], classes: 1000 })
  })
})

describe('names and wiring', () => {
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

  const nodeOf = (graph: Graph, name: string) => {
    const node = graph.nodes.find(each => each.name === name)
    if (!node) throw new Error(`no node ${name}`)
    return node
  }

  it.each<[id: string, parameters: Record<string, number[]>]>([
    [
      'resnet50-imagenet',
      {
        'conv1.weight': [64, 3, 7, 7],
        'layer1.0.conv3.weight': [256, 64, 1, 1],
        'layer1.0.downsample.0.weight': [256, 64, 1, 1],
        'layer1.0.downsample.1.running_var': [256],
        'layer4.2.bn2.bias': [512],
        'fc.weight': [1000, 2048],
      },
    ],
    ['resnet18-cifar', { 'conv1.weight': [64, 3, 3, 3], 'layer4.1.conv2.weight': [512, 512, 3, 3] }],
    [
      'wrn-28-8',
      { 'block1.layer.0.convShortcut.weight': [128, 16, 1, 1], 'block3.layer.3.bn1.weight': [512], 'bn1.bias': [512] },
    ],
    ['vgg16-bn-imagenet', { 'features.40.weight': [512, 512, 3, 3], 'classifier.0.weight': [4096, 25088] }],
    ['vgg16-bn-cifar', { 'features.0.bias': [64], 'classifier.weight': [10, 512] }],
    ['vgg11-cifar', { 'features.18.weight': [512, 512, 3, 3], 'classifier.1.weight': [512, 512] }],
    ['vgg11-cifar', { 'classifier.4.bias': [512], 'classifier.6.weight': [10, 512] }],
    [
      'densenet121-k32',
      {
        'features.denseblock4.denselayer16.conv1.weight': [128, 992, 1, 1],
        'features.transition3.conv.weight': [512, 1024, 1, 1],
        'features.norm5.weight': [1024],
      },
    ],
    ['densenet121-k12', { 'dense4.15.conv2.weight': [12, 48, 3, 3], 'trans1.bn.weight': [96], 'linear.bias': [10] }],
    ['mobilenet-v1', { 'model.13.0.weight': [1024, 1, 3, 3], 'model.13.3.weight': [1024, 1024, 1, 1] }],
    ['lenet5', { 'conv2.bias': [50], 'fc1.weight': [500, 800] }],
    ['fastgrnn-80', { 'cell.W': [9, 80], 'cell.bias_gate': [1, 80], 'cell.nu': [1, 1] }],
  ])('%s names its parameters as its project does', (id, parameters) => {
    const found = architectureOf(id).parameters
    for (const [name, dims] of Object.entries(parameters))
      expect({ name, dims: found[name]?.dims }).toEqual({ name, dims })
  })

  it('halves the image in the 3x3 convolution of a bottleneck, and in a depthwise one', () => {
    const resnet = architectureOf('resnet50-imagenet')
    expect(nodeOf(resnet, 'layer2.0.conv1').attributes).toMatchObject({ strides: [1, 1] })
    expect(nodeOf(resnet, 'layer2.0.conv2').attributes).toMatchObject({ strides: [2, 2] })
    const mobilenet = architectureOf('mobilenet-v1')
    expect(nodeOf(mobilenet, 'model.2.0').attributes).toMatchObject({ strides: [2, 2], group: 64 })
    expect(nodeOf(mobilenet, 'model.2.3').attributes).toMatchObject({ strides: [1, 1], group: 1 })
  })

  it('gives the shortcut of a wide block its pre-activated input where the channels change, and the input itself elsewhere', () => {
    const graph = architectureOf('wrn-28-8')
    expect(nodeOf(graph, 'block2.layer.0.convShortcut').inputs[0]).toBe('block2.layer.0.relu1')
    expect(nodeOf(graph, 'block2.layer.1.add').inputs).toEqual(['block2.layer.0.add', 'block2.layer.1.conv2'])
    expect(nodeOf(graph, 'block2.layer.1.conv2').inputs[0]).toBe('block2.layer.1.dropout')
    expect(nodeOf(graph, 'block2.layer.1.dropout').attributes).toEqual({ ratio: 0.3 })
  })

  it('joins new channels behind the old ones in torchvision, in front of them in pytorch-cifar', () => {
    const at = (id: string, name: string) => nodeOf(architectureOf(id), name).inputs
    const large = 'features.denseblock1.denselayer1'
    expect(at('densenet121-k32', `${large}.concat`)).toEqual(['features.pool0', `${large}.conv2`])
    expect(at('densenet121-k12', 'dense1.0.concat')).toEqual(['dense1.0.conv2', 'conv1'])
  })

  it('drops out in front of the hidden layers of VGG for small images, behind them for large ones', () => {
    const order = (id: string) =>
      architectureOf(id)
        .nodes.filter(({ name }) => name.startsWith('classifier'))
        .map(({ op }) => op)
    const [dropout, layer] = [['Dropout'], ['Gemm', 'Relu']]
    expect(order('vgg11-cifar')).toEqual([...dropout, ...layer, ...dropout, ...layer, 'Gemm'])
    expect(order('vgg16-imagenet')).toEqual([...layer, ...dropout, ...layer, ...dropout, 'Gemm'])
  })

  it.each([
    ['resnet18-cifar', 'layer4.1.relu', [512, 4, 4]],
    ['resnet18-imagenet', 'layer4.1.relu', [512, 7, 7]],
    ['wrn-28-8', 'relu', [512, 8, 8]],
    ['densenet121-k12', 'relu', [384, 4, 4]],
    ['densenet121-k32', 'relu', [1024, 7, 7]],
    ['mobilenet-v1', 'model.13.4.relu', [1024, 7, 7]],
    ['mobilenet-v1-cifar', 'layers.12.bn2.relu', [1024, 2, 2]],
    ['vgg16-bn-imagenet', 'features.43', [512, 7, 7]],
    ['lenet5', 'pool2', [50, 4, 4]],
  ])('%s ends its features in "%s" with %j', (id, name, dims) => {
    expect(inferShapes(architectureOf(id)).get(name)).toEqual(dims)
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
    'resnet50',
    'resnet20-cifar',
    'wrn-27-8',
    'wrn-4-8',
    'wrn-28-0',
    'vgg',
    'vgg12-cifar',
    'vgg16-bn',
    'densenet121',
    'densenet121-k24',
    'mobilenet',
    'constructor',
    'fastgrnn-0',
    'fastgrnn',
    '',
  ])('does not know "%s"', id => {
    expect(() => architectureOf(id)).toThrow(expect.objectContaining({ code: 'architecture.unknown' }))
  })

  it('says what the weights of each leave open', () => {
    for (const { offered } of families)
      for (const id of offered) for (const sentence of assumptionsOf(id)) expect(sentence).toMatch(/^[A-Z].*\.$/)
    expect(assumptionsOf('resnet50-imagenet')).toHaveLength(2)
    expect(assumptionsOf('resnet18-cifar')).toHaveLength(1)
  })

  it('suggests the nearest id', () => {
    expect(() => architectureOf('resnet_20a')).toThrow(expect.objectContaining({ hint: 'Did you mean "resnet20-a"?' }))
  })
})
