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
