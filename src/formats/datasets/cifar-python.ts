/** CIFAR-10 and CIFAR-100, Python version: pickled dictionaries of a NumPy array of planes and a list of labels. */
import { EspalierError } from '../../shared/errors.ts'
import { memorySource } from '../byte-source.ts'
import { type CifarFiles, cifarDataset, cifarImageSize, cifarPixels, findCifar } from '../cifar.ts'
import { readPickle } from '../codecs/pickle.ts'
import { NumpyArray, numpyGlobals } from '../codecs/pickle-numpy.ts'
import { countsOf, type PickleValue, textOf } from '../codecs/pickle-values.ts'
import type { ImportNote } from '../dataset.ts'
import type { DatasetReader } from '../dataset-reader.ts'
import { progressReporter, throwIfStopped } from '../progress.ts'
import { interleave } from '../samples/pixels.ts'
import type { Tree, TreeEntry } from '../tree/tree.ts'

interface Variant {
  readonly name: string
  readonly train: RegExp
  readonly test: RegExp
  readonly meta: string
  readonly labelKey: string
  readonly classKey: string
  readonly notes: readonly ImportNote[]
}

const variants: readonly Variant[] = [
  {
    name: 'CIFAR-10',
    train: /^data_batch_\d+$/,
    test: /^test_batch$/,
    meta: 'batches.meta',
    labelKey: 'labels',
    classKey: 'label_names',
    notes: [],
  },
  {
    name: 'CIFAR-100',
    train: /^train$/,
    test: /^test$/,
    meta: 'meta',
    labelKey: 'fine_labels',
    classKey: 'fine_label_names',
    notes: [{ kind: 'matched', text: 'The 100 fine labels are used, not the 20 coarse ones.' }],
  },
]

interface Batch {
  /** Planes of all images, one image after the other. */
  readonly planes: Uint8Array
  readonly labels: readonly number[]
}

export const cifarPython: DatasetReader = {
  id: 'cifar-python',
  label: 'CIFAR, Python version',
  looksFor: 'data_batch_1, test_batch and batches.meta (CIFAR-10) or train, test and meta (CIFAR-100)',
  match: tree => (findFiles(tree) ? 0.9 : 0),

  async open(tree, options) {
    const { variant, files } = findFiles(tree)!
    const used = [...files.train, ...files.test, files.meta]
    const classes = await readClasses(tree, files.meta, variant)
    const report = progressReporter(options)
    const readBatches = async (entries: readonly TreeEntry[]): Promise<Batch[]> => {
      const batches: Batch[] = []
      for (const entry of entries) {
        throwIfStopped(options.signal, `Reading ${tree.path}`)
        report('Reading batches', used.indexOf(entry), used.length)
        batches.push(await readBatch(tree, entry, variant))
      }
      return batches
    }
    const train = await readBatches(files.train)
    const test = await readBatches(files.test)
    const labels = {
      train: Int32Array.from(train.flatMap(batch => batch.labels)),
      test: Int32Array.from(test.flatMap(batch => batch.labels)),
    }
    const title = `${variant.name}, Python version`
    const content = { format: 'cifar-python', title, files, classes, labels, notes: variant.notes }
    return cifarDataset(tree, content, options, async append => {
      for (const { planes } of [...train, ...test]) {
        const images = new Uint8Array(planes.length)
        for (let at = 0; at < planes.length; at += cifarImageSize) interleave(planes, at, images, at, 3, cifarPixels)
        await append(images)
      }
      return []
    })
  },
}

/** The file of class names tells a CIFAR folder from others that have a file called `train`. */
function findFiles(tree: Tree): { variant: Variant; files: CifarFiles & { meta: TreeEntry } } | null {
  for (const variant of variants) {
    const files = findCifar(tree, variant.train, variant.test, variant.meta)
    if (files?.meta) return { variant, files: { ...files, meta: files.meta } }
  }
  return null
}

async function readDictionary(tree: Tree, entry: TreeEntry): Promise<Map<PickleValue, PickleValue>> {
  const file = tree.locate(entry)
  const { value } = readPickle(memorySource(await tree.read(entry), file), 0, { globals: numpyGlobals })
  if (!(value instanceof Map)) throw invalid(file, 'it holds no dictionary')
  return value
}

async function readBatch(tree: Tree, entry: TreeEntry, { labelKey }: Variant): Promise<Batch> {
  const file = tree.locate(entry)
  const dictionary = await readDictionary(tree, entry)
  const data = dictionary.get('data')
  const isPlanes = data instanceof NumpyArray && data.dtype.code === 'u1' && !data.isFortran
  if (!isPlanes || data.dims.length !== 2 || data.dims[1] !== cifarImageSize) {
    throw invalid(file, 'its `data` is not an array of images x 3,072 bytes')
  }
  const labels = countsOf(dictionary.get(labelKey))
  if (!labels) throw invalid(file, `its \`${labelKey}\` is not a list of class indices`)
  if (labels.length !== data.dims[0]) throw invalid(file, `it has ${data.dims[0]} images, but ${labels.length} labels`)
  return { planes: data.bytes, labels }
}

async function readClasses(tree: Tree, meta: TreeEntry, { classKey }: Variant): Promise<string[]> {
  const names = (await readDictionary(tree, meta)).get(classKey)
  const classes = Array.isArray(names) ? names.map(textOf) : []
  if (classes.length > 0 && classes.every(name => name !== undefined)) return classes
  throw invalid(tree.locate(meta), `its \`${classKey}\` is not a list of class names`)
}

function invalid(file: string, why: string): EspalierError {
  return new EspalierError({
    code: 'dataset.invalid',
    message: `${file} is not a CIFAR batch of the Python version: ${why}.`,
    file,
    rule: 'A batch is a dictionary with `data` (images x 3,072 bytes) and a list of labels.',
  })
}
