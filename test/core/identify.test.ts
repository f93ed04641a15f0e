import { describe, expect, it } from 'vitest'
import { architectureOf, families } from '../../src/core/architectures.ts'
import { identify, type NamedDims } from '../../src/core/identify.ts'

const tensorsOf = (id: string, options = {}): NamedDims[] =>
  Object.entries(architectureOf(id, options).parameters).map(([name, { dims }]) => ({ name, dims }))

const renamed = (tensors: NamedDims[], rename: (name: string) => string) =>
  tensors.map(({ name, dims }) => ({ name: rename(name), dims }))

describe('identify', () => {
  const ids = [
    ...families.flatMap(({ offered }) => offered),
    'resnet14-b-w4',
    'resnet26-a-w2',
    'wrn-40-10',
    'vgg13-bn-imagenet',
    'densenet201-k32',
    'fastgrnn-16',
  ]

  it.each(ids)('finds %s from names and dims', id => {
    const found = identify(tensorsOf(id))
    expect(found.id).toBe(id)
    expect(found.ignored).toEqual([])
    for (const [stored, name] of found.mapping) expect(stored).toBe(name)
    expect(found.mapping.size).toBe(Object.keys(found.graph.parameters).length)
  })

  it('reads class count and channels off the tensors', () => {
    const found = identify(tensorsOf('resnet20-a', { classes: 100, inputDims: [1, 28, 28] }))
    expect(found).toMatchObject({ id: 'resnet20-a', classes: 100, inputDims: [1, 32, 32] })
    expect(found.graph.output.dims).toEqual([100])
  })

  it('translates prefixes and other names, ignores batch counters, and does not care about order', () => {
    const tensors = renamed(tensorsOf('resnet20-b'), name =>
      `module.${name}`.replace('linear.', 'fc.').replace('shortcut.', 'downsample.'),
    ).reverse()
    const found = identify([...tensors, { name: 'module.bn1.num_batches_tracked', dims: [] }])
    expect(found.id).toBe('resnet20-b')
    expect(found.ignored).toEqual(['module.bn1.num_batches_tracked'])
    expect(found.mapping.get('module.fc.weight')).toBe('linear.weight')
    expect(found.mapping.get('module.layer2.0.downsample.1.running_var')).toBe('layer2.0.shortcut.1.running_var')
    expect(new Set(found.mapping.values())).toEqual(new Set(Object.keys(found.graph.parameters)))
  })

  it('reads features and classes of a series', () => {
    const found = identify(tensorsOf('fastgrnn-32', { classes: 6, inputDims: [128, 12] }))
    expect(found).toMatchObject({ id: 'fastgrnn-32', classes: 6, inputDims: [128, 12] })
  })

  it.each<[id: string, project: string, rename: (name: string) => string]>([
    ['resnet50-cifar', 'pytorch-cifar', name => name.replace('downsample', 'shortcut').replace(/^fc/, 'linear')],
    ['densenet121-k32', 'torchvision 0.2', name => name.replace(/(denselayer\d+\.(?:norm|conv))([12])/, '$1.$2')],
    ['lenet5', 'Global MP', name => name.replace('fc1', 'fc3').replace('fc2', 'fc4')],
    ['fastgrnn-80', 'EdgeML', name => name.replace('cell', 'rnn_list.0.cell').replace(/^fc/, 'hidden2keyword')],
  ])('finds %s under the names of %s', (id, _project, rename) => {
    const found = identify(renamed(tensorsOf(id), rename))
    expect(found.id).toBe(id)
    expect(new Set(found.mapping.values())).toEqual(new Set(Object.keys(found.graph.parameters)))
  })

  it('ignores the cell that EdgeML stores twice', () => {
    const once = renamed(tensorsOf('fastgrnn-80'), name => name.replace('cell', 'rnn_list.0.cell'))
    const again = renamed(once.slice(0, 6), name => name.replace('.cell.', '.unrollRNN.RNNCell.'))
    expect(identify([...once, ...again]).ignored).toHaveLength(6)
  })

  const message = (tensors: NamedDims[], id?: string) => {
    try {
      identify(tensors, id)
    } catch (error) {
      return error
    }
    throw new Error('nothing was thrown')
  }

  it('names the tensors that do not fit', () => {
    const tensors = tensorsOf('resnet20-a').filter(({ name }) => name !== 'bn1.bias')
    tensors.push({ name: 'extra.weight', dims: [2, 3] })
    const resized = tensors.map(({ name, dims }) => ({
      name,
      dims: name === 'layer2.1.conv2.weight' ? [32, 32, 5, 5] : dims,
    }))
    expect(message(resized)).toMatchObject({
      code: 'checkpoint.mismatch',
      message:
        'The tensors come nearest to resnet20-a, but 3 of them do not fit: bn1.bias (16) is missing; ' +
        'layer2.1.conv2.weight is 32x32x5x5, not 32x32x3x3; extra.weight (2x3) is left over.',
    })
  })

  it('shortens a long list', () => {
    const half = tensorsOf('resnet20-a').slice(0, 40)
    expect(message(half)).toMatchObject({
      code: 'checkpoint.mismatch',
      message: expect.stringMatching(/and 53 more\.$/),
    })
  })

  it('tells of two tensors for one parameter', () => {
    const twice = [...tensorsOf('resnet20-a'), { name: 'fc.weight', dims: [10, 64] }]
    expect(message(twice)).toMatchObject({
      code: 'checkpoint.mismatch',
      message: expect.stringContaining('(10x64) is left over'),
    })
  })

  it.each([
    [[], 'The checkpoint holds no tensors.'],
    [[{ name: 'features.0.weight', dims: [64, 3, 3, 3] }], 'features.0.weight (64x3x3x3)'],
    [
      [
        { name: 'conv1.weight', dims: [64, 3, 7, 7] },
        { name: 'layer4.1.conv2.weight', dims: [512, 512, 3, 3] },
      ],
      'layer4.1',
    ],
  ])('says when nothing looks alike: %j', (tensors, text) => {
    expect(message(tensors)).toMatchObject({
      code: 'checkpoint.no-architecture',
      message: expect.stringContaining(text),
    })
  })

  it('tries only the id that is asked for', () => {
    expect(identify(tensorsOf('resnet20-a'), 'resnet20-a').id).toBe('resnet20-a')
    expect(message(tensorsOf('resnet20-a'), 'resnet20-b')).toMatchObject({
      code: 'checkpoint.mismatch',
      message: expect.stringContaining('nearest to resnet20-b'),
    })
    expect(message(tensorsOf('resnet20-a'), 'resnet21-a')).toMatchObject({ code: 'architecture.unknown' })
  })

  it.each(families.map(({ offered }) => offered[0]!))('survives hostile dims: %s', id => {
    const odd = tensorsOf(id).map(({ name }) => ({ name, dims: [] as number[] }))
    expect(message(odd)).toMatchObject({ code: expect.stringMatching(/^checkpoint\./) })
    const none = tensorsOf(id).map(({ name, dims }) => ({ name, dims: dims.map(() => 0) }))
    expect(message(none)).toMatchObject({ code: expect.stringMatching(/^checkpoint\./) })
  })
})
