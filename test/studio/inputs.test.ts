import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseRecipe } from '../../src/shared/recipe.ts'
import { type Readers, readInputs, rememberReading } from '../../src/studio/inputs.ts'
import { fileSignature } from '../../src/studio/signature.ts'
import { temporaryFolder } from '../temporary.ts'
import { fakeReaders } from './fake-readers.ts'
import { exampleModel, exampleRecipe } from './project/examples.ts'

function countingReaders() {
  const read: string[] = []
  const inner = fakeReaders()
  const readers: Readers = rememberReading({
    ...inner,
    dataset(path, options) {
      read.push(`dataset ${path}`)
      return inner.dataset(path, options)
    },
    model(path, architecture, options) {
      read.push(`model ${architecture} ${path}`)
      return inner.model(path, architecture, options)
    },
  })
  return { readers, read }
}

it('reads a folder once, and again when a file in it was touched, added or removed', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'deep'))
  const file = join(folder, 'deep', 'a.bin')
  writeFileSync(file, 'abc')
  const { readers, read } = countingReaders()
  const look = async () => {
    await readers.dataset(folder, {})
    return read.length
  }
  expect([await look(), await look()]).toEqual([1, 1])
  utimesSync(file, 1, 1)
  expect([await look(), await look()]).toEqual([2, 2])
  writeFileSync(join(folder, 'b.bin'), '')
  expect([await look(), await look()]).toEqual([3, 3])
  rmSync(file)
  expect([await look(), await look()]).toEqual([4, 4])
})

it('tells one architecture that is asked for from another', async () => {
  const file = join(temporaryFolder(), 'net.th')
  writeFileSync(file, 'abc')
  const { readers, read } = countingReaders()
  await readers.model(file, undefined, {})
  await readers.model(file, 'resnet8-a', {})
  await readers.model(file, 'resnet8-a', {})
  expect(read).toHaveLength(2)
})

it('tells data read in one way from the same read in another', async () => {
  const file = join(temporaryFolder(), 'x.csv')
  writeFileSync(file, 'abc')
  const { readers, read } = countingReaders()
  for (const reader of [undefined, { window: 2 }, { window: 3 }, { window: 2 }]) await readers.dataset(file, { reader })
  expect(read).toHaveLength(3)
})

it('does not remember a failure', async () => {
  const file = join(temporaryFolder(), 'net.th')
  writeFileSync(file, 'abc')
  let count = 0
  const readers = rememberReading({
    ...fakeReaders(),
    model: () => Promise.reject(new Error(`failure ${++count}`)),
  })
  await expect(readers.model(file, undefined, {})).rejects.toThrow('failure 1')
  await expect(readers.model(file, undefined, {})).rejects.toThrow('failure 2')
})

it('says that nothing is there', async () => {
  await expect(fileSignature('/nowhere/at/all')).rejects.toMatchObject({ code: 'file.missing' })
})

it('counts MACs for the pictures of the data, not for the usual ones', async () => {
  const recipe = exampleRecipe()
  const macsFor = async (size: number) => {
    const { layers } = await readInputs(recipe, fakeReaders({ dataset: { shape: [size, size, 3] } }))
    return layers.reduce((sum, { macs }) => sum + macs, 0)
  }
  // All convolutions scale with the area; the classifier (64 x 2) does not.
  expect((await macsFor(64)) - 128).toBe(4 * ((await macsFor(32)) - 128))
})

it('refuses a sparsity that no run can reach before there is a run', async () => {
  const read = (stages: object[], model = {}) => {
    const recipe = { ...exampleRecipe(), model: { checkpoint: '/data/tiny.th' }, stages } as ReturnType<
      typeof exampleRecipe
    >
    return readInputs(parseRecipe(recipe), fakeReaders({ model }))
  }
  const prune = (sparsity: number, more = {}) => ({ use: 'prune', sparsity, ...more })
  const refused = (message: RegExp) => ({ code: 'prune.infeasible', message: expect.stringMatching(message) })
  await expect(read([prune(0.5), prune(0.5)])).resolves.toBeDefined()
  await expect(read([prune(0.5), { use: 'evaluate' }, prune(0.4)])).rejects.toMatchObject(
    refused(/^stages\[2\].*0\.4: /),
  )
  await expect(read([prune(0.9, { minimumKeep: 100_000 })])).rejects.toMatchObject(refused(/^stages\[0\].*0\.9: /))
  const [layer] = exampleModel().layers
  const layers = [{ ...layer!, prunable: { weights: 200_000, zeros: 200_000 } }]
  await expect(read([prune(0.5)], { layers })).rejects.toMatchObject(refused(/200000 of .* zero already/))
})
