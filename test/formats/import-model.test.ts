import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../src/core/architectures.ts'
import { initialise } from '../../src/core/initialise.ts'
import { type Checkpoint, openCheckpoint, type StoredTensor } from '../../src/formats/checkpoints.ts'
import { importModel } from '../../src/formats/import-model.ts'
import { modelToBytes } from '../../src/formats/model-file.ts'
import { writeSafetensors } from '../../src/formats/write-safetensors.ts'
import { thrownBy } from './fuzz.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-import-'))
})
afterAll(() => rm(folder, { recursive: true }))

const graph = architectureOf('resnet8-a', { classes: 5, inputDims: [3, 32, 32] })
const weights = initialise(graph, 1)

const stored = (name: string, dims: readonly number[], values: Float32Array, type: StoredTensor['type'] = 'f32') => ({
  name,
  dims,
  type,
  read: () => values.slice(),
})

function checkpointOf(tensors: readonly StoredTensor[]): Checkpoint {
  return { path: 'a.th', format: 'pytorch-zip', tensors, metadata: {}, notes: [], unread: [], fingerprint: '' }
}

/** The network as a state dict; `edit` changes or leaves out a tensor, or puts several in its place. */
const stateDict = (edit: (tensor: StoredTensor) => StoredTensor[] = tensor => [tensor]): Checkpoint =>
  checkpointOf([...weights].flatMap(([name, values]) => edit(stored(name, graph.parameters[name]!.dims, values))))

const texts = (kind: string, notes: readonly { kind: string; text: string }[]) =>
  notes.filter(note => note.kind === kind).map(({ text }) => text)

describe('importing a model', () => {
  it('finds architecture, classes and input, and says what was matched, skipped and guessed', () => {
    const counters = ['bn1', 'layer1.0.bn1'].map(name =>
      stored(`${name}.num_batches_tracked`, [], new Float32Array([9]), 'i64'),
    )
    const checkpoint = checkpointOf([...stateDict().tensors, ...counters])
    const note = { kind: 'skipped', text: 'optimizer: a dict of 2 entries.' } as const
    const { model, report } = importModel({ ...checkpoint, notes: [note] })
    expect(model.architecture).toBe('resnet8-a')
    expect(model.graph).toEqual(graph)
    expect([...model.weights]).toEqual([...weights])
    expect(model.masks.size).toBe(0)
    expect(report).toMatchObject({ architecture: 'resnet8-a', classes: 5, inputDims: [3, 32, 32], zeros: 0, masked: 0 })
    expect(report.format).toBe('pytorch-zip')
    expect(report.notes.map(({ kind }) => kind)).toEqual(report.notes.map(({ kind }) => kind).toSorted(byRank))
    expect(texts('matched', report.notes)).toEqual([
      `All ${weights.size} parameters of resnet8-a were found by name and shape.`,
    ])
    expect(texts('skipped', report.notes)).toEqual([note.text, '2 batch counters (num_batches_tracked).'])
    const guesses = texts('guessed', report.notes).join(' ')
    for (const words of ['resnet8-a', 'option A', '5 classes', '3x32x32', 'normalised as ImageNet'])
      expect(guesses).toContain(words)
  })

  it('takes the architecture that it is told, and no other', async () => {
    const { report } = importModel(stateDict(), { architecture: 'resnet8-a' })
    expect(texts('guessed', report.notes).join(' ')).not.toContain('The architecture is')
    const wrong = await thrownBy(() => importModel(stateDict(), { architecture: 'resnet14-a' }))
    expect(wrong).toMatchObject({ code: 'checkpoint.mismatch', file: 'a.th' })
    expect(wrong.message).toContain('layer1.1.conv1.weight')
    const unknown = await thrownBy(() => importModel(stateDict(), { architecture: 'resnet15-a' }))
    expect(unknown).toMatchObject({ code: 'architecture.unknown', file: 'a.th' })
  })

  it('names the tensors that do not fit', async () => {
    const missing = await thrownBy(() =>
      importModel(stateDict(tensor => (tensor.name === 'linear.bias' ? [] : [tensor]))),
    )
    expect(missing.code).toBe('checkpoint.mismatch')
    expect(missing.message).toContain('a.th')
    expect(missing.message).toContain('linear.bias')
    const nothing = await thrownBy(() => importModel(checkpointOf([stored('x', [1], new Float32Array(1))])))
    expect(nothing.code).toBe('checkpoint.no-architecture')
  })

  it('names the tensors that are missing only because of their type', async () => {
    const bare = stateDict(tensor => (tensor.name === 'linear.weight' ? [] : [tensor]))
    const unread = ['linear.weight (sparse)', 'b (F8_E4M3)', 'c (F8_E4M3)', 'd (F8_E4M3)']
    const error = await thrownBy(() => importModel({ ...bare, unread }))
    expect(error).toMatchObject({ code: 'checkpoint.unsupported-type', file: 'a.th' })
    expect(error.message).toBe(
      'a.th: It has tensors of types that are not read: linear.weight (sparse), b (F8_E4M3), c (F8_E4M3) and 1 more.',
    )
    // Beside a whole network they do not matter.
    expect(importModel({ ...stateDict(), unread }).report.architecture).toBe('resnet8-a')
  })

  it.each([Number.NaN, Infinity, -Infinity])('refuses %d among the weights, naming the tensor', async bad => {
    const broken = stateDict(tensor => {
      const values = tensor.read()
      if (tensor.name === 'layer2.0.conv1.weight') values[17] = bad
      return [{ ...tensor, read: () => values }]
    })
    const error = await thrownBy(() => importModel(broken))
    expect(error).toMatchObject({ code: 'model.invalid', file: 'a.th' })
    expect(error.message).toContain(`a.th: "layer2.0.conv1.weight" holds ${bad} at index 17`)
  })

  it('says that values were widened', () => {
    const { report } = importModel(stateDict(tensor => [{ ...tensor, type: 'f16' }]))
    expect(texts('matched', report.notes)).toContain('Values stored as f16 became f32.')
  })

  it('does not take zeros for masks, but tells them', () => {
    const { model, report } = importModel(
      stateDict(tensor => [{ ...tensor, read: () => tensor.read().map((value, i) => (i % 2 === 0 ? 0 : value)) }]),
    )
    expect(model.masks.size).toBe(0)
    expect(report.zeros).toBe(report.weights / 2)
    expect(report.masked).toBe(0)
    expect(texts('guessed', report.notes).join(' ')).toContain(
      `${report.zeros} of ${report.weights} prunable weights (50.0 %) are zero without a mask`,
    )
  })

  it('takes over the masks of torch.nn.utils.prune', () => {
    const checkpoint = stateDict(tensor => {
      const isPruned = tensor.name === 'conv1.weight' || tensor.name === 'linear.bias'
      if (!isPruned) return [tensor]
      const mask = tensor.read().map((_, i) => (i % 4 === 0 ? 0 : 1))
      return [
        { ...tensor, name: `${tensor.name}_orig` },
        { ...tensor, name: `${tensor.name}_mask`, read: () => mask },
      ]
    })
    const { model, report } = importModel(checkpoint)
    const kept = weights.get('conv1.weight')!.map((value, i) => (i % 4 === 0 ? 0 : value))
    expect(model.weights.get('conv1.weight')).toEqual(kept)
    expect([...model.masks.keys()]).toEqual(['conv1.weight']) // a bias cannot stay pruned; its value is taken as it is
    expect(model.weights.get('linear.bias')![0]).toBe(0)
    expect(report.masked).toBe(kept.length / 4)
    expect(report.zeros).toBe(kept.length / 4)
    expect(texts('matched', report.notes)).toContain('1 masks of torch.nn.utils.prune were taken over.')
  })

  it('takes back a file of ours with its masks', async () => {
    const mask = Uint8Array.from(weights.get('linear.weight')!, (_, i) => i % 2)
    const pruned = weights.get('linear.weight')!.map((value, i) => value * mask[i]!)
    const model = {
      architecture: 'resnet8-a',
      graph,
      weights: new Map([...weights, ['linear.weight', pruned]]),
      masks: new Map([['linear.weight', mask]]),
    }
    const path = join(folder, 'ours.safetensors')
    await writeFile(path, modelToBytes(model))
    const checkpoint = await openCheckpoint(path)
    const { model: back, report } = importModel(checkpoint)
    expect(new Map(back.masks)).toEqual(model.masks)
    expect(report).toMatchObject({ format: 'safetensors', masked: mask.length / 2, zeros: mask.length / 2 })
    expect(importModel(checkpoint, { architecture: 'resnet8-a' }).model.architecture).toBe('resnet8-a')
    const error = await thrownBy(() => importModel(checkpoint, { architecture: 'resnet20-a' }))
    expect(error).toMatchObject({ code: 'checkpoint.mismatch', file: path })
  })

  it.each(['module.', 'model.', 'net.', '_orig_mod.module.'])('reads a file with the prefix %j', async prefix => {
    const path = join(folder, 'foreign.safetensors')
    const tensors = [...weights].map(([name, data]) => ({
      name: prefix + name,
      dims: graph.parameters[name]!.dims,
      data,
    }))
    await writeFile(path, writeSafetensors(tensors, { format: 'pt' }))
    const { report } = importModel(await openCheckpoint(path))
    expect(report.architecture).toBe('resnet8-a')
    expect(texts('matched', report.notes)[0]).toMatch(/^The prefix ".*" was taken from all/)
  })
})

const byRank = (a: string, b: string) =>
  ['matched', 'skipped', 'guessed'].indexOf(a) - ['matched', 'skipped', 'guessed'].indexOf(b)

const real = '../shared/data/checkpoints'
it.skipIf(!existsSync(real))(`identifies the checkpoints of ${real}`, async () => {
  for (const [file, architecture, total] of [
    ['resnet20-12fca82f.th', 'resnet20-a', 268_336],
    ['resnet32-d509ac18.th', 'resnet32-a', 461_872],
  ] as const) {
    const { model, report } = importModel(await openCheckpoint(`${real}/${file}`))
    expect(report).toMatchObject({ architecture, classes: 10, inputDims: [3, 32, 32], weights: total, masked: 0 })
    expect(model.weights.size).toBe(Object.keys(model.graph.parameters).length)
  }
})
