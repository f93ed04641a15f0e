/** A measurement on the disk, as JSON. It is a cache: what cannot be read is measured again, what cannot be written is not kept. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { writeFileAtomic } from '../../formats/write-file.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { MeasureState } from './measure.ts'

const stateSchema = z.strictObject({
  batch: z.int().min(0),
  layers: z.int().min(0),
  samples: z.int().min(0),
  tallies: z.array(
    z.strictObject({
      counts: z.array(z.int()),
      sums: z.array(z.number().min(0)),
      worst: z.array(z.number().min(0)),
    }),
  ),
})

/** The measurement of these counts; `undefined` where there is none that is whole. */
export async function readState(
  file: string,
  counts: readonly (readonly number[])[],
): Promise<MeasureState | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const parsed = stateSchema.safeParse(attempt(() => JSON.parse(text)))
  if (!parsed.success) return undefined
  const { tallies } = parsed.data
  const fits = tallies.length === counts.length && tallies.every((tally, i) => isOf(tally, counts[i]!))
  return fits ? parsed.data : undefined
}

const isOf = (tally: MeasureState['tallies'][number], counts: readonly number[]) =>
  tally.counts.join() === counts.join() && tally.sums.length === counts.length && tally.worst.length === counts.length

function attempt<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch {
    return undefined
  }
}

export async function writeState(file: string, state: MeasureState): Promise<void> {
  try {
    await writeFileAtomic(file, new TextEncoder().encode(JSON.stringify(state)))
  } catch (error) {
    if (error instanceof EspalierError && error.code.startsWith('disk.')) return
    throw error
  }
}
