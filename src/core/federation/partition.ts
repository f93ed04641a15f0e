/** Who holds which training samples. The members live in `partitions/`, the table in `partitions.ts`. */
import { EspalierError } from '../../shared/errors.ts'
import { plural } from '../../shared/plural.ts'

export interface PartitionRequest {
  /** Class of every sample of the training split. */
  readonly labels: Int32Array
  /** Those that are shared out, ascending: the ones that are not held out for validation. */
  readonly samples: Int32Array
  readonly clients: number
  /** Samples that each client holds at least. */
  readonly minimum: number
  readonly seed: number
}

/**
 * One list of samples a client. Every sample of the request belongs to exactly one. The same request gives the same lists.
 * Pure. Throws `argument.invalid`.
 */
export type Partition<Options = object> = (request: PartitionRequest, options: Options) => number[][]

/** The `samples` by class, classes ascending. */
export function samplesByClass({ labels, samples }: Pick<PartitionRequest, 'labels' | 'samples'>): number[][] {
  const groups = new Map<number, number[]>()
  for (const sample of samples) {
    const label = labels[sample]!
    const group = groups.get(label)
    if (group) group.push(sample)
    else groups.set(label, [sample])
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group)
}

/** `items` in pieces whose ends stand at the shares summed so far. */
export function cutBy<T>(items: readonly T[], shares: readonly number[]): T[][] {
  let sum = 0
  let from = 0
  return shares.map((share, i) => {
    sum += share
    // Sums of shares may end just below 1.
    const to = i === shares.length - 1 ? items.length : Math.min(items.length, Math.floor(sum * items.length))
    const piece = items.slice(from, to)
    from = Math.max(from, to)
    return piece
  })
}

/** `items` in `count` pieces of one size, to within one item. */
export function cutEvenly<T>(items: readonly T[], count: number): T[][] {
  const end = (piece: number) => Math.floor((piece * items.length) / count)
  return Array.from({ length: count }, (_, piece) => items.slice(end(piece), end(piece + 1)))
}

/** Draws until every client has its minimum; the last draw may be hopeless, so there is an end. */
export function drawUntilEnough({ minimum, clients }: PartitionRequest, draw: () => number[][]): number[][] {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const lists = draw()
    if (lists.every(list => list.length >= minimum)) return lists
  }
  throw new EspalierError({
    code: 'argument.invalid',
    message: `In ${plural(attempts, 'draw')}, never did all of ${plural(clients, 'client')} hold at least ${plural(minimum, 'sample')}.`,
    file: 'partition',
    rule: 'The partition is drawn until every client holds partition.minimum samples.',
    hint: 'Raise partition.beta, lower partition.minimum, or ask for fewer clients.',
  })
}

const attempts = 10_000
