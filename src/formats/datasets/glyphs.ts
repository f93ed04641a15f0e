/** Glyphs, the data set that is made (`core/glyphs.ts`): a small JSON document says how much of it, and from which seed. */
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { glyphClasses, glyphShape, glyphsVersion, glyphs as makeGlyphs } from '../../core/glyphs.ts'
import { deriveSeed } from '../../core/random.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { OpenOptions, SplitName } from '../dataset.ts'
import { type DatasetReader, formatCount } from '../dataset-reader.ts'
import { progressReporter, throwIfStopped } from '../progress.ts'
import { buildDataset } from '../samples/build-dataset.ts'
import { findSamples, type StoredSamples, storeSamples } from '../samples/sample-store.ts'
import { baseName, type Tree, type TreeEntry } from '../tree/tree.ts'

const count = z.int().min(10).max(100_000)
const documentSchema = z.strictObject({
  'espalier-dataset': z.literal('glyphs'),
  train: count,
  test: count,
  seed: z.int().min(0).max(0xffffffff),
})
type Counts = Pick<z.output<typeof documentSchema>, SplitName>

/** Samples made at a time. */
const BLOCK = 250

export const glyphs: DatasetReader = {
  id: 'glyphs',
  label: 'Glyphs',
  looksFor: 'a document named glyphs.json, which says how many samples of Glyphs to make',
  match: tree => (findDocument(tree) ? 0.9 : 0),

  async open(tree, options) {
    const { train, test, seed } = await readDocument(tree)
    const key = `glyphs ${glyphsVersion}, train ${train}, test ${test}, seed ${seed}`
    const fingerprint = createHash('sha256').update(key).digest('hex')
    const stored =
      (await findSamples(fingerprint, options)) ?? (await make({ train, test }, seed, fingerprint, options))
    return buildDataset({
      format: 'glyphs',
      path: tree.path,
      classes: glyphClasses,
      sampleType: 'uint8',
      shape: glyphShape,
      labels: { train: labels(train), test: labels(test) },
      samples: stored.samples,
      notes: [
        {
          kind: 'matched',
          text: `${formatCount(train)} training and ${formatCount(test)} test images of 32 x 32 pixels, made from seed ${seed}.`,
        },
        ...stored.notes,
      ],
      fingerprint,
    })
  },
}

const findDocument = ({ entries }: Tree): TreeEntry | undefined =>
  entries.find(({ path }) => /glyphs\.json$/i.test(baseName(path)))

const labels = (length: number): Int32Array => Int32Array.from({ length }, (_, index) => index % glyphClasses.length)

function make(counts: Counts, seed: number, fingerprint: string, options: OpenOptions): Promise<StoredSamples> {
  const total = counts.train + counts.test
  const bytes = glyphShape.reduce((product, dim) => product * dim, total)
  const report = progressReporter(options)
  return storeSamples({ fingerprint, bytes, shape: glyphShape, isCostly: true }, options, async append => {
    let done = 0
    for (const split of ['train', 'test'] as const) {
      for (let from = 0; from < counts[split]; from += BLOCK) {
        throwIfStopped(options.signal, 'Making Glyphs')
        const block = Math.min(BLOCK, counts[split] - from)
        await append(makeGlyphs(deriveSeed(seed, split), block, from).samples)
        done += block
        report('Making Glyphs', done, total)
        // Nothing here waits for a disk, and a request to stop must get its turn.
        await setImmediate()
      }
    }
    return []
  })
}

async function readDocument(tree: Tree): Promise<z.output<typeof documentSchema>> {
  const entry = findDocument(tree)!
  const file = tree.locate(entry)
  const text = new TextDecoder().decode(await tree.readRange(entry, 0, 10_000))
  const { data, error } = documentSchema.safeParse(parseJson(text))
  if (data) return data
  const [issue] = error.issues
  const where = issue?.path.length ? `its ${issue.path.join('.')}: ` : ''
  throw new EspalierError({
    code: 'dataset.invalid',
    message: `${file} does not describe a set of Glyphs; ${where}${issue?.message.toLowerCase()}.`,
    file,
    rule: '{ "espalier-dataset": "glyphs", "train": 5000, "test": 1000, "seed": 0 }, with 10 to 100,000 samples each.',
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
