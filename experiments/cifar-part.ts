/** A part of the JPEG set of CIFAR-10 that experiments train on, where all of it would take too long. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandom } from '../src/core/random.ts'
import { openDataset, requireSplit, type Split } from '../src/formats/datasets.ts'
import { userDirectories } from '../src/studio/directories.ts'

/**
 * A folder in `folder` with `count` of the training images of `source`, the same ones always, and all test images, in CIFAR's
 * binary form. Written where it is not there yet.
 */
export async function partOfCifar(source: string, folder: string, count: number): Promise<string> {
  const images = join(folder, `images-${count}`)
  if (existsSync(images)) return images
  const dataset = await openDataset(source, { cacheDirectory: join(userDirectories().cache, 'samples') })
  const random = createRandom(0)
  const [train, test] = [requireSplit(dataset, 'train'), requireSplit(dataset, 'test')]
  const order = Array.from({ length: train.count }, (_, i) => ({ i, key: random.uniform() }))
  const chosen = order.sort((a, b) => a.key - b.key).map(({ i }) => i)
  const unfinished = `${images}.part`
  mkdirSync(unfinished, { recursive: true })
  await writeRecords(train, chosen.slice(0, count), join(unfinished, 'data_batch_1.bin'))
  await writeRecords(test, [...test.labels.keys()], join(unfinished, 'test_batch.bin'))
  await dataset.close()
  renameSync(unfinished, images)
  return images
}

async function writeRecords(split: Split, indices: readonly number[], file: string): Promise<void> {
  const pixels = 32 * 32
  const samples = new Uint8Array(indices.length * 3 * pixels)
  await split.read(indices, samples)
  const records = new Uint8Array(indices.length * (1 + 3 * pixels))
  for (const [at, index] of indices.entries()) {
    const [from, to] = [at * 3 * pixels, at * (1 + 3 * pixels)]
    records[to] = split.labels[index]!
    for (let pixel = 0; pixel < pixels; pixel++)
      for (let channel = 0; channel < 3; channel++)
        records[to + 1 + channel * pixels + pixel] = samples[from + 3 * pixel + channel]!
  }
  writeFileSync(file, records)
}
