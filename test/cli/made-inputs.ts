/** Small real inputs: folders as of CIFAR-10 and MNIST, and checkpoints of a ResNet-8. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { architectureOf } from '../../src/core/architectures.ts'
import { initialise } from '../../src/core/initialise.ts'
import { modelToBytes } from '../../src/formats/model-file.ts'

/** Pictures that anyone can compute: byte k of picture i is (7 i + 3 k) mod 256; labels go round. */
function cifarRecords(count: number): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, i) =>
      Buffer.from(Uint8Array.from({ length: 3073 }, (_, k) => (k === 0 ? i % 10 : (7 * i + 3 * k) % 256))),
    ),
  )
}

export function makeCifar(folder: string, { train = 40, test = 20 } = {}): string {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'data_batch_1.bin'), cifarRecords(train))
  writeFileSync(join(folder, 'test_batch.bin'), cifarRecords(test))
  return folder
}

/** Four gray pictures of 28 x 28, one of each of four classes. */
export function makeIdx(folder: string): string {
  mkdirSync(folder, { recursive: true })
  const bigEndian = (dims: readonly number[]) => Buffer.concat(dims.map(dim => Buffer.from([0, 0, 0, dim])))
  for (const set of ['train', 't10k']) {
    const pictures = Buffer.alloc(4 * 28 * 28, 100)
    writeFileSync(
      join(folder, `${set}-images-idx3-ubyte`),
      Buffer.concat([Buffer.from([0, 0, 8, 3]), bigEndian([4, 28, 28]), pictures]),
    )
    writeFileSync(
      join(folder, `${set}-labels-idx1-ubyte`),
      Buffer.concat([Buffer.from([0, 0, 8, 1]), bigEndian([4]), Buffer.from([0, 1, 2, 3])]),
    )
  }
  return folder
}

export function makeModel(file: string, { classes = 10, architecture = 'resnet8-a', channels = 3 } = {}): string {
  const graph = architectureOf(architecture, { classes, inputDims: [channels, 32, 32] })
  writeFileSync(file, modelToBytes({ architecture, graph, weights: initialise(graph, 5), masks: new Map() }))
  return file
}
