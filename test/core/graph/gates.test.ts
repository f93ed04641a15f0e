import { describe, expect, it } from 'vitest'
import { architectureOf, assumptionsOf, describeArchitecture, families } from '../../../src/core/architectures.ts'
import { graphCost, prunableParameters } from '../../../src/core/graph/cost.ts'
import { gatedMacs } from '../../../src/core/graph/gated-cost.ts'
import { gatedId, ungated } from '../../../src/core/graph/gates.ts'
import { openChannels } from '../../../src/core/graph/ops/channel-gate.ts'
import { validateGraph } from '../../../src/core/graph/shapes.ts'
import { initialise } from '../../../src/core/initialise.ts'

const gated = (id: string, keep: number) => architectureOf(gatedId(id, keep))
const gatesOf = (id: string, keep = 0.7) => gated(id, keep).nodes.filter(({ op }) => op === 'ChannelGate')

describe('the id of a gated network', () => {
  it('says what its gates keep, and is undone', () => {
    expect(gatedId('resnet20-a', 0.7)).toBe('resnet20-a+gate0.7')
    expect(ungated('resnet20-a+gate0.7')).toEqual({ id: 'resnet20-a', keep: 0.7 })
    expect(gatedId('resnet20-a+gate0.7', 1)).toBe('resnet20-a+gate1')
    expect(ungated('resnet20-a')).toEqual({ id: 'resnet20-a' })
    expect(assumptionsOf('resnet20-a+gate0.7')).toEqual(assumptionsOf('resnet20-a'))
    expect(describeArchitecture('vgg16-bn-cifar+gate0.7')).toMatchObject({
      label: 'VGG',
      params: 14_728_266 + 1_638_720,
    })
  })

  it.each(['resnet20-a+gate0', 'resnet20-a+gate1.5', 'resnet20-a+gate0.70', 'resnet20-a+gate', 'nothing+gate0.5'])(
    '%s is none',
    id => expect(() => architectureOf(id)).toThrow(expect.objectContaining({ code: 'architecture.unknown' })),
  )

  it('is refused where there is no convolution', () => {
    expect(() => architectureOf('fastgrnn-80+gate0.5')).toThrow(
      expect.objectContaining({ code: 'model.invalid', message: expect.stringContaining('no convolution') }),
    )
  })
})

describe('gates', () => {
  // five-systems, table 0.3: parameters of the gates of the published networks.
  it.each([
    ['vgg16-bn-cifar', 1_638_720],
    ['resnet32-a', 52_320],
  ])('of %s have %i parameters, none of them prunable', (id, parameters) => {
    const [plain, with_] = [architectureOf(id), gated(id, 0.7)]
    expect(graphCost(with_).parameters - graphCost(plain).parameters).toBe(parameters)
    expect(prunableParameters(with_)).toEqual(prunableParameters(plain))
  })

  it('stand behind both convolutions of a block, before what it is added to, and not behind stem or projection', () => {
    const graph = gated('resnet8-b', 0.5)
    expect(gatesOf('resnet8-b').map(({ name }) => name)).toEqual(
      ['layer1', 'layer2', 'layer3'].flatMap(layer => [`${layer}.0.conv1.gate`, `${layer}.0.conv2.gate`]),
    )
    const node = (name: string) => graph.nodes.find(each => each.name === name)!
    expect(node('layer2.0.conv1.gate').inputs.slice(0, 2)).toEqual(['layer2.0.bn1', 'layer1.0.relu2'])
    expect(node('layer2.0.relu1').inputs).toEqual(['layer2.0.conv1.gate'])
    expect(node('layer2.0.conv2.gate').inputs.slice(0, 2)).toEqual(['layer2.0.bn2', 'layer2.0.relu1'])
    expect(node('layer2.0.add').inputs).toEqual(['layer2.0.conv2.gate', 'layer2.0.shortcut.1'])
  })

  it('see a channel of VGG through a sigmoid, as published, and others as its mean', () => {
    expect(gatesOf('vgg16-bn-cifar')[0]!.attributes).toEqual({ keep: 0.7, squeeze: 'sigmoid' })
    expect(gatesOf('resnet32-a')[0]!.attributes).toEqual({ keep: 0.7, squeeze: 'mean' })
  })

  it('leave every family a valid network, whose other weights are those it has without', () => {
    for (const { offered, family } of families) {
      if (family === 'fastgrnn') continue
      validateGraph(gated(offered[0]!, 0.5))
    }
    const [plain, with_] = [architectureOf('resnet8-a'), gated('resnet8-a', 0.7)].map(graph => initialise(graph, 3))
    for (const [name, values] of plain!) expect(with_!.get(name)).toEqual(values)
    const bias = with_!.get('layer3.0.conv2.gate.bias')!
    expect(bias).toEqual(new Float32Array(64).fill(1))
    const matrix = with_!.get('layer3.0.conv2.gate.weight')!
    const meanSquare = matrix.reduce((sum, value) => sum + value * value, 0) / matrix.length
    expect(meanSquare / (2 / 64)).toBeCloseTo(1, 1) // 2 / fan-in
  })

  it('keep the nearest whole number of channels, and one at least', () => {
    const table = [64, 128, 256, 512, 16, 32, 3].map(channels => openChannels(0.7, channels))
    expect(table).toEqual([45, 90, 179, 358, 11, 22, 2])
    expect(openChannels(0.01, 16)).toBe(1)
    expect(openChannels(1, 16)).toBe(16)
  })
})

describe('MACs with gates', () => {
  const share = (id: string, keep: number) => gatedMacs(gated(id, keep)) / graphCost(architectureOf(id)).macs

  // five-systems 4a-1.
  it('are 49.7 % for VGG-16 that keeps 0.7, and the published shares of ResNet-32', () => {
    expect((100 * share('vgg16-bn-cifar', 0.7)).toFixed(1)).toBe('49.7')
    expect([0.9, 0.8, 0.7, 0.6].map(keep => (100 * share('resnet32-a', keep)).toFixed(1))).toEqual([
      '84.9',
      '72.9',
      '58.6',
      '48.5',
    ])
  })

  it('are all of them and the predictors where everything is kept, and all of them without gates', () => {
    for (const id of ['resnet20-b', 'densenet121-k12', 'mobilenet-v1', 'wrn-28-8']) {
      expect(gatedMacs(gated(id, 1))).toBeCloseTo(graphCost(gated(id, 1)).macs, 0)
      expect(gatedMacs(architectureOf(id))).toBeCloseTo(graphCost(architectureOf(id)).macs, 0)
    }
  })

  it('of LeNet, by hand', () => {
    // 20 and 50 channels of 5x5 on 28x28: 24x24, pooled to 12x12, then 8x8, pooled to 4x4; 10 and 25 are open.
    const predictors = 20 * 1 + 50 * 20
    const kept = 25 * 576 * 10 + 25 * 64 * 10 * 25 + 500 * 16 * 25 + 5_000
    expect(gatedMacs(gated('lenet5', 0.5))).toBeCloseTo(kept + predictors, 6)
  })
})
