/** The import report of a data set. */
import { basename } from 'node:path'
import type { Dataset, Split, SplitName } from '../formats/dataset.ts'
import { datasetReaders, openDataset } from '../formats/datasets.ts'
import { previewSamples } from '../formats/preview.ts'
import type { DatasetReport } from '../shared/domain.ts'
import type { DatasetFacts, DatasetOptions } from './inputs.ts'

/** Opens the data set, looks at it and closes it again. Throws as `openDataset` does. */
export async function reportDataset(
  path: string,
  { cacheDirectory, reader = {}, ...options }: DatasetOptions & { cacheDirectory: string },
): Promise<DatasetFacts> {
  const dataset = await openDataset(path, { ...options, cacheDirectory, reader })
  try {
    const { format, classes, shape, sampleType, notes, fingerprint } = dataset
    return {
      name: basename(path),
      path,
      format,
      formatLabel: datasetReaders.find(({ id }) => id === format)?.label ?? format,
      fingerprint,
      classes: [...classes],
      shape: [...shape],
      sampleType,
      ...(Object.keys(reader).length > 0 && { reader }),
      splits: splitsOf(dataset).map(({ name, labels }) => ({
        name,
        count: labels.length,
        perClass: countPerClass(labels, classes.length),
      })),
      notes: [...notes],
      preview: await preview(dataset),
    }
  } finally {
    await dataset.close()
  }
}

const splitNames: readonly SplitName[] = ['train', 'test']

const splitsOf = ({ splits }: Dataset): Split[] => splitNames.flatMap(name => splits[name] ?? [])

function countPerClass(labels: Int32Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0)
  for (const label of labels) counts[label]!++
  return counts
}

/** Pictures shown of each split, fewer where they are large: the report is kept in the project. */
const mostPictures = 20
const mostBytes = 256 * 1024

async function preview(dataset: Dataset): Promise<DatasetReport['preview']> {
  const [height = 1, width = 1, channels = 1] = dataset.shape
  const fitting = Math.floor(mostBytes / (height * width * (channels === 3 ? 3 : 1)))
  const count = Math.max(1, Math.min(mostPictures, fitting))
  const shown: DatasetReport['preview'] = []
  for (const { name } of splitsOf(dataset)) {
    for (const { label, pixels, ...picture } of await previewSamples(dataset, name, count, 0)) {
      const base64 = Buffer.from(pixels).toString('base64')
      shown.push({
        label,
        split: name,
        picture: { width: picture.width, height: picture.height, channels: picture.channels, pixels: base64 },
      })
    }
  }
  return shown
}
