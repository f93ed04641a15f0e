import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../../src/shared/recipe.ts'
import { requirePartitions, withFileFingerprints } from '../../src/studio/partition-inputs.ts'
import { resolvePaths } from '../../src/studio/recipe-paths.ts'
import { temporaryFolder } from '../temporary.ts'

const recipeWith = (partition: object, more: object = {}) =>
  parseRecipe({
    model: { architecture: 'resnet8-a' },
    data: { path: 'data', validation: 0.1 },
    stages: [{ use: 'evaluate' }, { use: 'federate', clients: 2, rounds: 1, partition, ...more }],
  })
const split = (perClass: number[]) => ({
  splits: [{ name: 'train' as const, count: perClass.reduce((sum, count) => sum + count, 0), perClass }],
})

describe('a partition file of a recipe', () => {
  const writeIn = (folder: string) => (name: string, value: unknown) => {
    writeFileSync(join(folder, name), JSON.stringify(value))
    return name
  }

  it('is found relative to the recipe, and known by its content, not by its path', async () => {
    const folder = temporaryFolder()
    const write = writeIn(folder)
    const same = [
      [0, 1],
      [2, 3],
    ]
    const names = [write('a.json', same), write('b.json', same), write('c.json', [[0], [1, 2, 3]])]
    const stages = []
    for (const path of names) {
      const recipe = resolvePaths(recipeWith({ kind: 'file', path }), folder)
      expect(recipe.stages[1]).toMatchObject({ partition: { path: join(folder, path) } })
      stages.push((await withFileFingerprints(recipe)).stages[1])
    }
    expect(stages[1]).toEqual(stages[0])
    expect(stages[2]).not.toEqual(stages[0])
  })

  it('has to fit the data set, by samples or by counts', async () => {
    const folder = temporaryFolder()
    const write = writeIn(folder)
    const check = (holdings: unknown, perClass: number[]) => {
      const path = join(folder, write('d.json', holdings))
      return requirePartitions(recipeWith({ kind: 'file', path }), split(perClass))
    }
    await expect(
      check(
        [
          [0, 3],
          [1, 2],
        ],
        [2, 2],
      ),
    ).resolves.toBeUndefined()
    await expect(check([{ 0: 2 }, { 1: 2 }], [2, 2])).resolves.toBeUndefined()
    await expect(
      check(
        [
          [0, 3],
          [1, 2],
        ],
        [2, 3],
      ),
    ).rejects.toThrow('nobody is given 1 sample')
    await expect(check([{ 0: 1 }, { 1: 3 }], [2, 2])).rejects.toThrow('3 samples of class 1, and 2 are left')
  })
})

it('clients and shards are held against the samples that are not held out', async () => {
  const check = (partition: object, more: object) => requirePartitions(recipeWith(partition, more), split([10, 10]))
  await expect(check({ kind: 'iid' }, { clients: 18 })).resolves.toBeUndefined()
  await expect(check({ kind: 'iid' }, { clients: 19 })).rejects.toThrow('need 19, and there are 18')
  await expect(check({ kind: 'shards', perClient: 9 }, {})).resolves.toBeUndefined()
  await expect(check({ kind: 'shards', perClient: 10 }, {})).rejects.toThrow('need 20 samples, and there are 18')
  await expect(check({ kind: 'dirichlet', minimum: 9 }, {})).resolves.toBeUndefined()
  await expect(check({ kind: 'dirichlet', minimum: 10 }, {})).rejects.toThrow('need 20, and there are 18')
})
