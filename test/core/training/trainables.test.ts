import { describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { graphCost } from '../../../src/core/graph/cost.ts'
import type { Masks } from '../../../src/core/graph/model.ts'
import { countTrainable, trainables } from '../../../src/core/training/trainables.ts'
import { trainables as choices, idsOf, type TrainableId } from '../../../src/shared/methods.ts'

const network = (architecture: string, masks: Masks = new Map()) => ({
  architecture,
  graph: architectureOf(architecture),
  masks,
})
const countOf = (id: TrainableId, architecture: string) => {
  const model = network(architecture)
  return countTrainable(model.graph, trainables[id](model, 0))
}
const namesOf = (id: TrainableId, architecture: string) => [...trainables[id](network(architecture), 0).parameters]

describe('counts of five-systems 5c', () => {
  const depths = [14, 32, 56, 110, 218, 434, 866]
  it.each(depths)('ResNet-%i', depth => {
    const d = (depth - 2) / 6
    const id = `resnet${depth}-b`
    expect(countOf('batchnorm', id)).toBe(224 + 448 * d)
    expect(countOf('batchnorm-shortcut-output', id)).toBe(224 + 448 * d + 2560 + 650)
    // The batch norm of the shortcuts, 192 numbers, is batch norm: it is frozen here.
    expect(countOf('shortcut-output', id)).toBe(2560 + 650)
    expect(countOf('random-weights', id)).toBe(224 + 448 * d)
    expect(countOf('all', id)).toBe(graphCost(architectureOf(id)).parameters)
    expect(countOf('none', id)).toBe(0)
  })

  it.each([
    { width: 2, batchNorm: 2240, shortcut: 10_240, output: 1290 },
    { width: 4, batchNorm: 4480, shortcut: 40_960, output: 2570 },
    { width: 8, batchNorm: 8960, shortcut: 163_840, output: 5130 },
  ])('ResNet-14-$width', ({ width, batchNorm, shortcut, output }) => {
    const id = `resnet14-b-w${width}`
    expect(countOf('batchnorm', id)).toBe(batchNorm)
    expect(countOf('shortcut-output', id)).toBe(shortcut + output)
  })
})

describe('parts of a network', () => {
  it.each([
    { id: 'resnet8-b', shortcuts: ['layer2.0.shortcut.0.weight', 'layer3.0.shortcut.0.weight'] },
    // Option A has no weights on its shortcuts.
    { id: 'resnet8-a', shortcuts: [] },
    { id: 'wrn-10-2', shortcuts: [1, 2, 3].map(group => `block${group}.layer.0.convShortcut.weight`) },
    { id: 'resnet50-imagenet', shortcuts: [1, 2, 3, 4].map(layer => `layer${layer}.0.downsample.0.weight`) },
    { id: 'vgg16-bn-cifar', shortcuts: [] },
    { id: 'densenet121-k12', shortcuts: [] },
  ])('shortcuts and output of $id', ({ id, shortcuts }) => {
    const last = Object.keys(architectureOf(id).parameters).slice(-2)
    expect(namesOf('shortcut-output', id)).toEqual([...shortcuts, ...last])
  })

  it('batch norm is the gammas and betas of every batch norm', () => {
    expect(countOf('batchnorm', 'densenet121-k12')).toBe(31_320)
    expect(countOf('batchnorm', 'vgg16-bn-cifar')).toBe(8448)
    expect(namesOf('batchnorm', 'resnet8-a').slice(0, 3)).toEqual(['bn1.weight', 'bn1.bias', 'layer1.0.bn1.weight'])
  })
})

describe('random weights', () => {
  it('are two of every output channel where each convolution has its batch norm, others with another seed', () => {
    const model = network('resnet8-b')
    const [one, again, other] = [1, 1, 2].map(seed => trainables['random-weights'](model, seed).updateMasks)
    expect(again).toEqual(one)
    expect(other).not.toEqual(one)
    expect([...one!.keys()]).toEqual(model.graph.nodes.flatMap(({ op, inputs }) => (op === 'Conv' ? [inputs[1]!] : [])))
    for (const [name, mask] of one!) {
      const channels = model.graph.parameters[name]!.dims[0]!
      const size = mask.length / channels
      for (let channel = 0; channel < channels; channel++)
        expect(mask.subarray(channel * size, (channel + 1) * size).reduce((sum, bit) => sum + bit, 0)).toBe(2)
    }
  })

  it('are as many as batch norm has parameters where channels do not match', () => {
    for (const id of ['wrn-10-2', 'densenet121-k12', 'mobilenet-v1'])
      expect(countOf('random-weights', id), id).toBe(countOf('batchnorm', id))
  })

  it('are not drawn of what is pruned', () => {
    const { graph } = network('resnet8-b')
    const pruned = new Map(
      Object.entries(graph.parameters).flatMap(([name, { role, dims }]) => {
        const size = dims.reduce((product, length) => product * length, 1)
        return role === 'weight' ? [[name, Uint8Array.from({ length: size }, (_, i) => Number(i % 9 === 0))]] : []
      }),
    )
    const { updateMasks } = trainables['random-weights'](network('resnet8-b', pruned), 0)
    for (const [name, mask] of updateMasks)
      expect(mask.every((isUpdated, i) => isUpdated === 0 || pruned.get(name)![i] === 1)).toBe(true)
  })
})

it('what needs batch norm says so where there is none', () => {
  const needy = idsOf(choices).filter(id => id !== 'all' && id !== 'shortcut-output')
  for (const id of needy)
    expect(() => countOf(id, 'lenet5'), id).toThrow(
      expect.objectContaining({ code: 'model.invalid', message: expect.stringContaining('lenet5') }),
    )
  expect(countOf('shortcut-output', 'lenet5')).toBe(500 * 10 + 10)
})
