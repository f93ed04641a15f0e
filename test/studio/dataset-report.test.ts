import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { datasetSchema } from '../../src/shared/domain.ts'
import { reportDataset } from '../../src/studio/dataset-report.ts'
import { temporaryFolder } from '../temporary.ts'

it('says how a table was read', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'signal.csv')
  writeFileSync(path, 'x,y,class\n1,2,a\n3,4,a\n5,6,b\n7,8,b\n')
  const cacheDirectory = join(folder, 'cache')
  const plain = await reportDataset(path, { cacheDirectory })
  const windows = await reportDataset(path, { cacheDirectory, reader: { window: 2 } })
  expect(plain).toMatchObject({
    format: 'table',
    shape: [1, 2],
    splits: [{ name: 'train', count: 4, perClass: [2, 2] }],
  })
  expect(plain).not.toHaveProperty('reader')
  expect(windows).toMatchObject({ shape: [2, 2], splits: [{ count: 2, perClass: [1, 1] }], reader: { window: 2 } })
  expect(windows.fingerprint).not.toBe(plain.fingerprint)
  expect(windows.preview.map(({ picture }) => [picture.width, picture.height, picture.channels])).toEqual([
    [2, 2, 1],
    [2, 2, 1],
  ])
  for (const report of [plain, windows])
    expect(datasetSchema.safeParse({ ...report, id: '1', addedAt: 0, missing: false }).error).toBeUndefined()
})
