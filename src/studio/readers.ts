/** The real readers, for `inputs.ts` and the library. */

import { surestReader } from '../formats/datasets.ts'
import { openTree } from '../formats/tree/open-tree.ts'
import { reportDataset } from './dataset-report.ts'
import { samplesFolder } from './directories.ts'
import type { Directories } from './host.ts'
import { type Readers, rememberReading } from './inputs.ts'
import { reportModel } from './model-report.ts'

export function createReaders(directories: Directories): Readers {
  const cacheDirectory = samplesFolder(directories)
  return rememberReading({
    async isDataset(path, options) {
      const tree = await openTree(path, options)
      try {
        // A folder is no checkpoint, whatever it holds; the data set readers say what they miss in it.
        return tree.kind === 'folder' || surestReader(tree) !== null
      } finally {
        await tree.close()
      }
    },
    dataset: (path, options) => reportDataset(path, { ...options, cacheDirectory }),
    model: (path, architecture) => reportModel(path, architecture),
  })
}
