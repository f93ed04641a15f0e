/** Small data sets of random images, in the layout of CIFAR-10's binary version, and jobs that use them. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../src/core/random.ts'
import type { Job } from '../../src/engine/protocol.ts'
import { parseRecipe, type RecipeInput } from '../../src/shared/recipe.ts'

export const temporaryFolder = () => mkdtempSync(join(tmpdir(), 'espalier-test-'))

export function writeCifar(folder: string, counts: { readonly train?: number; readonly test?: number }): string {
  const path = join(folder, 'cifar')
  mkdirSync(path)
  const random = createRandom(1)
  for (const [name, count] of Object.entries({ data_batch_1: counts.train ?? 0, test_batch: counts.test ?? 0 })) {
    if (count === 0) continue
    const records = new Uint8Array(count * 3073).map(() => random.below(256))
    for (let i = 0; i < count; i++) records[i * 3073] = i % 10
    writeFileSync(join(path, `${name}.bin`), records)
  }
  return path
}

/** A job with fresh weights of resnet8-a, unless `recipe` says otherwise. */
export function createJob(
  folder: string,
  data: string,
  stages: RecipeInput['stages'],
  more: Partial<Job> & {
    readonly recipe?: never
    readonly model?: RecipeInput['model']
    readonly data?: Partial<RecipeInput['data']>
  } = {},
): Job {
  const { model = { architecture: 'resnet8-a' }, data: about, ...job } = more
  const workDirectory = mkdtempSync(join(folder, 'work-'))
  return {
    runId: 'run',
    recipe: parseRecipe({ model, data: { path: data, ...about }, stages }),
    seed: 0,
    firstStage: 0,
    workDirectory,
    stateDirectory: join(workDirectory, 'state'),
    cacheDirectory: join(folder, 'cache'),
    ...job,
  }
}

/** Random windows in the layout of UCI HAR: 128 steps of nine signals, six activities. */
export function writeHar(folder: string, counts: { readonly train: number; readonly test: number }): string {
  const path = join(folder, 'har')
  const random = createRandom(2)
  const lines = (count: number, line: (at: number) => string) =>
    `${Array.from({ length: count }, (_, at) => line(at)).join('\n')}\n`
  mkdirSync(path)
  writeFileSync(
    join(path, 'activity_labels.txt'),
    lines(6, at => `${at + 1} ACTIVITY_${at + 1}`),
  )
  for (const [split, count] of Object.entries(counts)) {
    const signals = join(path, split, 'Inertial Signals')
    mkdirSync(signals, { recursive: true })
    writeFileSync(
      join(path, split, `y_${split}.txt`),
      lines(count, at => String((at % 6) + 1)),
    )
    for (const kind of ['body_acc', 'body_gyro', 'total_acc'])
      for (const axis of ['x', 'y', 'z'])
        writeFileSync(
          join(signals, `${kind}_${axis}_${split}.txt`),
          lines(count, () => Array.from({ length: 128 }, () => random.normal().toFixed(5)).join(' ')),
        )
  }
  return path
}
