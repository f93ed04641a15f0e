/** What a teacher says of the training samples, kept where they are the same in every epoch. */
import { elementCount } from '../../core/graph/dims.ts'
import { batches } from '../../formats/batches.ts'
import type { Taught, TrainableModel } from '../compile/training.ts'
import type { StageContext } from '../stage-runner.ts'

/** What is kept may take this much memory, bytes. */
const largestKept = 2 ** 30

/** A first pass in the order of the files fills it, so that a run that goes on keeps the same bits. */
export async function keepTaught(
  compiled: TrainableModel,
  batch: number,
  context: StageContext,
): Promise<((indices: Int32Array) => Taught) | undefined> {
  const { dataset, signal, augmentation } = context
  if (augmentation !== 'none') return
  const { split, indices } = context.select('train')
  const kept = new Map<string, { readonly shape: readonly number[]; readonly values: Float32Array }>()
  const rowOf = new Map([...indices].map((index, row) => [index, row]))
  let done = 0
  for await (const { samples, count } of batches(split, indices, batch, dataset, signal)) {
    const taught = compiled.teach(samples, count)
    if (done === 0) {
      const shapes = [...taught].map(([name, { shape }]) => [name, shape.slice(1)] as const)
      const floats = shapes.reduce((sum, [, shape]) => sum + elementCount(shape), 0)
      if (4 * floats * indices.length > largestKept) return
      for (const [name, shape] of shapes)
        kept.set(name, { shape, values: new Float32Array(indices.length * elementCount(shape)) })
    }
    for (const [name, { values }] of taught) {
      const place = kept.get(name)!
      place.values.set(values as Float32Array, done * elementCount(place.shape))
    }
    done += count
    await context.breathe()
  }
  return chosen =>
    new Map(
      [...kept].map(([name, { shape, values }]) => {
        const size = elementCount(shape)
        const rows = new Float32Array(chosen.length * size)
        for (const [i, index] of chosen.entries()) {
          const row = rowOf.get(index)! * size
          rows.set(values.subarray(row, row + size), i * size)
        }
        return [name, { shape: [chosen.length, ...shape], values: rows }]
      }),
    )
}
