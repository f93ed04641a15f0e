import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { glyphClasses, glyphs } from '../../../src/core/glyphs.ts'
import { deriveSeed } from '../../../src/core/random.ts'
import { openDataset } from '../../../src/formats/datasets.ts'
import { folders, readAll, texts } from './made.ts'

const { root, make } = folders()
const document = (more: object = {}) =>
  JSON.stringify({ 'espalier-dataset': 'glyphs', train: 40, test: 20, seed: 3, ...more })
const write = (text: string) => join(make({ 'glyphs.json': text }), 'glyphs.json')

describe('glyphs', () => {
  it('are made as the document says', async () => {
    const dataset = await openDataset(write(document()))
    expect(dataset).toMatchObject({ format: 'glyphs', shape: [32, 32, 3], sampleType: 'uint8', classes: glyphClasses })
    for (const [name, count] of [
      ['train', 40],
      ['test', 20],
    ] as const) {
      const split = dataset.splits[name]!
      const made = glyphs(deriveSeed(3, name), count)
      expect(split.labels).toEqual(made.labels)
      expect((await readAll(dataset, split)).flat()).toEqual([...made.samples])
    }
    expect(texts(dataset.notes, 'matched')).toBe('40 training and 20 test images of 32 x 32 pixels, made from seed 3.')
    await dataset.close()
  })

  it('have the identity of what is made, not of the file', async () => {
    const fingerprint = async (text: string) => {
      const dataset = await openDataset(write(text))
      await dataset.close()
      return dataset.fingerprint
    }
    const usual = await fingerprint(document())
    expect(await fingerprint(`\n  ${document()}\n`)).toBe(usual)
    for (const change of [{ train: 50 }, { test: 30 }, { seed: 4 }])
      expect(await fingerprint(document(change))).not.toBe(usual)
  })

  it('are made once where they can be kept', async () => {
    const path = write(document())
    const cacheDirectory = join(root, 'cache')
    const steps: string[] = []
    const options = { cacheDirectory, onProgress: ({ step }: { step: string }) => steps.push(step) }
    const first = await openDataset(path, options)
    expect(steps).toContain('Making Glyphs')
    steps.length = 0
    const second = await openDataset(path, options)
    expect(steps).toEqual([])
    expect(existsSync(join(cacheDirectory, 'decoded', first.fingerprint))).toBe(true)
    expect(await readAll(second, second.splits.test!)).toEqual(await readAll(first, first.splits.test!))
  })

  it.each([
    ['no JSON', 'glyphs', /does not describe a set of Glyphs/],
    ['another document', '{"espalier": 1}', /its espalier-dataset/],
    ['too few samples', document({ train: 3 }), /its train: too small/],
    ['too many', document({ test: 1e9 }), /its test: too big/],
    ['an unknown key', document({ classes: 5 }), /unrecognized key/],
  ])('are refused for %s', async (_what, text, message) => {
    await expect(openDataset(write(text))).rejects.toMatchObject({ code: 'dataset.invalid', message })
  })

  it('stop when asked', async () => {
    const controller = new AbortController()
    const opening = openDataset(write(document({ train: 100_000 })), { signal: controller.signal })
    setImmediate(() => controller.abort())
    await expect(opening).rejects.toMatchObject({ code: 'run.stopped' })
  })
})
