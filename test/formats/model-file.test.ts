import { describe, expect, it } from 'vitest'
import { architectureOf } from '../../src/core/architectures.ts'
import { prunableParameters } from '../../src/core/graph/cost.ts'
import type { Model } from '../../src/core/graph/model.ts'
import { initialise } from '../../src/core/initialise.ts'
import { readSafetensorsBytes } from '../../src/formats/checkpoints/safetensors.ts'
import { modelFileSize, modelFromBytes, modelToBytes } from '../../src/formats/model-file.ts'
import { writeSafetensors } from '../../src/formats/write-safetensors.ts'
import { fuzz, thrownBy } from './fuzz.ts'

/** A small network in which every second weight of two layers is pruned. */
function pruned(): Model {
  const graph = architectureOf('resnet8-b', { classes: 7, inputDims: [1, 28, 28] })
  const weights = new Map(initialise(graph, 3))
  const masks = new Map<string, Uint8Array>()
  for (const name of prunableParameters(graph).slice(-2)) {
    masks.set(
      name,
      Uint8Array.from(weights.get(name)!, (_, i) => i % 2),
    )
    weights.set(
      name,
      weights.get(name)!.map((value, i) => (i % 2 === 0 ? 0 : value)),
    )
  }
  return { architecture: 'resnet8-b', graph, weights, masks }
}

/** As masks were stored before: beside all weights. */
function inOldForm(): Uint8Array {
  const { graph, weights, masks } = pruned()
  const dimsOf = (name: string) => graph.parameters[name]!.dims
  return writeSafetensors(
    [
      ...[...weights].map(([name, data]) => ({ name, dims: dimsOf(name), data })),
      ...[...masks].map(([name, data]) => ({ name: `mask:${name}`, dims: dimsOf(name), data })),
    ],
    readSafetensorsBytes(modelToBytes(pruned()), 'x').metadata,
  )
}

/** The same file with other tensors or metadata. */
function changed(
  edit: (
    tensors: Map<string, { dims: readonly number[]; data: Float32Array | Uint8Array }>,
    metadata: Map<string, string>,
  ) => void,
  base = modelToBytes(pruned()),
): Uint8Array {
  const { tensors, metadata } = readSafetensorsBytes(base, 'x')
  const byName = new Map(
    tensors.map(({ name, dims, type, read }) => {
      const data = type === 'u8' ? Uint8Array.from(read()) : read()
      return [name, { dims, data } as { dims: readonly number[]; data: Float32Array | Uint8Array }]
    }),
  )
  const texts = new Map(Object.entries(metadata))
  edit(byName, texts)
  return writeSafetensors(
    [...byName].map(([name, { dims, data }]) => ({ name, dims, data })),
    Object.fromEntries(texts),
  )
}

function set(
  tensors: Map<string, { data: Float32Array | Uint8Array }>,
  name: string,
  index: number,
  value: number,
): void {
  tensors.get(name)!.data[index] = value
}

describe('model files', () => {
  it('give back the model, masks and all, and equal models have equal bytes', () => {
    const model = pruned()
    const bytes = modelToBytes(model)
    const back = modelFromBytes(bytes, 'blob')
    expect(back.architecture).toBe('resnet8-b')
    expect(back.graph).toEqual(model.graph)
    expect([...back.weights.keys()]).toEqual(Object.keys(model.graph.parameters))
    for (const [name, values] of model.weights) expect(back.weights.get(name)).toEqual(values)
    expect(new Map(back.masks)).toEqual(model.masks)
    expect(modelToBytes(back)).toEqual(bytes)
    const shuffled: Model = { ...model, weights: new Map([...model.weights].toReversed()) }
    expect(modelToBytes(shuffled)).toEqual(bytes)
  })

  it('are plain safetensors with telling metadata', () => {
    const { tensors, metadata } = readSafetensorsBytes(modelToBytes(pruned()), 'x')
    expect(metadata).toEqual({ espalier: '1', architecture: 'resnet8-b', classes: '7', input: '1x28x28' })
    // 7 x 64 weights of the last layer, half of them kept.
    const packed = tensors.filter(({ name }) => name.endsWith('linear.weight'))
    expect(packed.map(({ name, type, dims }) => [name, type, dims])).toEqual([
      ['kept:linear.weight', 'f32', [224]],
      ['bits:linear.weight', 'u8', [56]],
    ])
  })

  it('have the size that is told beforehand, less than a dense one by 4 bytes a zero and more by a bit a weight', () => {
    const model = pruned()
    const masked = new Map([...model.masks].map(([name, mask]) => [name, mask.filter(bit => bit === 0).length]))
    expect(modelFileSize(model, masked)).toBe(modelToBytes(model).length)
    expect(modelFileSize(model, new Map())).toBe(modelToBytes({ ...model, masks: new Map() }).length)
    const [sizes, zeros] = [[...model.masks.values()].map(({ length }) => length), [...masked.values()]]
    const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b)
    const saved = 4 * sum(zeros) - sum(sizes.map(size => Math.ceil(size / 8)))
    // Names and offsets in the header are what is left.
    expect(Math.abs(modelFileSize(model, new Map()) - saved - modelFileSize(model, masked))).toBeLessThan(400)
  })

  it('keep layers without a weight, and weights that are zero without being masked', () => {
    const model = pruned()
    const [first, second] = [...model.masks.keys()]
    model.masks.get(first!)!.fill(0)
    model.weights.get(first!)!.fill(0)
    model.weights.get(second!)!.fill(0)
    const back = modelFromBytes(modelToBytes(model), 'blob')
    expect(new Map(back.masks)).toEqual(model.masks)
    for (const [name, values] of model.weights) expect(back.weights.get(name)).toEqual(values)
  })

  it('are read in their old form too', () => {
    const back = modelFromBytes(inOldForm(), 'blob')
    expect(new Map(back.masks)).toEqual(pruned().masks)
    for (const [name, values] of pruned().weights) expect(back.weights.get(name)).toEqual(values)
  })

  it('are not made where a masked weight is not zero', () => {
    const model = pruned()
    model.weights.get('linear.weight')![0] = 1
    expect(() => modelToBytes(model)).toThrow('weight 0 is masked and not zero')
  })

  it.each([
    [
      'a missing parameter',
      changed(tensors => tensors.delete('linear.bias')),
      'checkpoint.mismatch',
      'linear.bias is missing',
    ],
    [
      'a surplus tensor',
      changed(t => t.set('extra', { dims: [1], data: new Float32Array(1) })),
      'checkpoint.mismatch',
      'no parameter',
    ],
    [
      'a mask for nothing',
      changed(t => t.set('mask:x', { dims: [1], data: new Uint8Array(1) })),
      'checkpoint.mismatch',
      'no parameter',
    ],
    [
      'other dims',
      changed(t => t.set('linear.bias', { dims: [8], data: new Float32Array(8) })),
      'checkpoint.mismatch',
      'linear.bias is 8, not 7',
    ],
    [
      'weights that are not finite',
      changed(t => set(t, 'linear.bias', 3, Number.NaN)),
      'model.invalid',
      '"linear.bias" holds NaN at index 3',
    ],
    [
      'a bit too many',
      changed(t => set(t, 'bits:linear.weight', 0, 0xff)),
      'checkpoint.mismatch',
      'bits:linear.weight and kept:linear.weight do not make 448 weights',
    ],
    [
      'bits and no weights',
      changed(t => t.delete('kept:linear.weight')),
      'checkpoint.mismatch',
      'linear.weight is missing',
    ],
    [
      'a mask of 2',
      changed(t => set(t, 'mask:linear.weight', 3, 2), inOldForm()),
      'model.invalid',
      'mask of "linear.weight"',
    ],
    [
      'a masked weight that is not zero',
      changed(t => set(t, 'linear.weight', 0, 1), inOldForm()),
      'model.invalid',
      'mask of "linear.weight"',
    ],
    [
      'a mask for a bias',
      changed(t => t.set('mask:linear.bias', { dims: [7], data: new Uint8Array(7).fill(1) })),
      'model.invalid',
      'cannot be pruned',
    ],
    [
      'an unknown architecture',
      changed((_, m) => m.set('architecture', 'resnet9-a')),
      'architecture.unknown',
      'resnet9-a',
    ],
    ['a later version', changed((_, m) => m.set('espalier', '2')), 'file.unknown-format', 'another version'],
    [
      'no number of classes',
      changed((_, m) => m.set('classes', 'ten')),
      'file.unknown-format',
      'metadata were changed: "classes" cannot be read.',
    ],
    ['no input', changed((_, m) => m.delete('input')), 'file.unknown-format', 'input'],
    ['an input of letters', changed((_, m) => m.set('input', 'axbxc')), 'file.unknown-format', 'input'],
  ])('with %s are refused', async (_, bytes, code, words) => {
    const error = await thrownBy(() => modelFromBytes(bytes, 'blob 12ab'))
    expect(error.code).toBe(code)
    expect(error.message).toContain('blob 12ab')
    expect(error.message).toContain(words)
    expect(error.file).toBe('blob 12ab')
  })

  it('say only errors of ours when they are damaged', async () => {
    const bytes = modelToBytes(pruned())
    await fuzz(bytes, 60, mutant => modelFromBytes(mutant, 'x'), [0, 8000])
  })
})
