/** A small data set and a small model, as files. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { architectureOf } from '../../src/core/architectures.ts'
import { initialise } from '../../src/core/initialise.ts'
import { modelToBytes } from '../../src/formats/model-file.ts'

/** CIFAR-10's own layout: a label and 3,072 bytes a record, here of plain colours. */
export function writeDataset(path: string): void {
  const records = (count: number) =>
    Buffer.concat(
      Array.from({ length: count }, (_, index) => Buffer.alloc(3073, (index * 23) % 256).fill(index % 10, 0, 1)),
    )
  mkdirSync(path)
  writeFileSync(join(path, 'batches.meta.txt'), 'a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n')
  for (let batch = 1; batch <= 5; batch++) writeFileSync(join(path, `data_batch_${batch}.bin`), records(20))
  writeFileSync(join(path, 'test_batch.bin'), records(40))
}

/** ResNet-8 with fresh weights. */
export function writeCheckpoint(path: string): void {
  const architecture = 'resnet8-a'
  const graph = architectureOf(architecture)
  writeFileSync(path, modelToBytes({ architecture, graph, weights: initialise(graph, 1), masks: new Map() }))
}
