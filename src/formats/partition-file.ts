/** A file that says which client holds which training samples. */
import { readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import type { Holdings } from '../core/federation/partitions/listed.ts'
import { EspalierError } from '../shared/errors.ts'
import { fileFault } from './file-faults.ts'

/** Ten million sample numbers; what is larger is something else. */
const largest = 100_000_000

const holdingsSchema = z.union([
  z.array(z.array(z.int().min(0))).min(1),
  z.array(z.record(z.string(), z.int().min(0))).min(1),
])

/** Its bytes, for whoever has to know it again. Throws `file.*`. */
export async function readPartitionBytes(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path)
    if (size > largest) throw notHoldings(path, `it has ${size} bytes, and at most ${largest} are read`)
    return await readFile(path)
  } catch (cause) {
    throw fileFault(path, cause)
  }
}

/** Throws `file.*`, and `file.corrupt` where it is no list of clients. Whether it fits a data set is for `listed` to say. */
export async function readPartitionFile(path: string): Promise<Holdings> {
  const text = new TextDecoder().decode(await readPartitionBytes(path))
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw notHoldings(path, 'it is not JSON', cause)
  }
  const parsed = holdingsSchema.safeParse(value)
  if (!parsed.success) throw notHoldings(path, 'it is not a list of lists of sample numbers, nor of counts by class')
  return parsed.data
}

const notHoldings = (path: string, why: string, cause?: unknown) =>
  new EspalierError(
    {
      code: 'file.corrupt',
      message: `${path} is no partition: ${why}.`,
      file: path,
      rule: 'A partition is a JSON list with one entry a client: its samples, counted from 0, or an object of counts by class.',
    },
    { cause },
  )
