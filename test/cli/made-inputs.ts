/** Small real inputs: a CIFAR-10 folder, and checkpoints of a ResNet-8. */
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

export function makeModel(file: string, { classes = 10, architecture = 'resnet8-a', channels = 3 } = {}): string {
  const graph = architectureOf(architecture, { classes, inputDims: [channels, 32, 32] })
  writeFileSync(file, modelToBytes({ architecture, graph, weights: initialise(graph, 5), masks: new Map() }))
  return file
}
