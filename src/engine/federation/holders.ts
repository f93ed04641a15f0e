/** Which client holds which of the samples that a run trains on. */
import { clientScale } from '../../core/federation/participation.ts'
import { partition } from '../../core/federation/partitions.ts'
import { deriveSeed } from '../../core/random.ts'
import { readPartitionFile } from '../../formats/partition-file.ts'
import type { Holder } from '../../shared/federation.ts'
import type { StageOf } from '../../shared/stages.ts'
import type { Selection } from '../stage-runner.ts'

type Settings = Pick<StageOf<'federate'>, 'clients' | 'partition' | 'heterogeneity'>

/** Of a federation, from that of its run. */
export const federationSeed = (seed: number, occurrence: number): number => deriveSeed(seed, 'federate', occurrence)

/** Samples of each client, ascending. The same seed gives the same. Throws `argument.invalid` and `file.*`. */
export async function holdersOf(
  { clients, partition: settings }: Settings,
  { split, indices }: Selection,
  seed: number,
): Promise<Int32Array[]> {
  const { kind, minimum } = settings
  const request = { labels: split.labels, samples: indices, clients, minimum, seed: deriveSeed(seed, 'partition') }
  if (kind !== 'file') return partition(request, settings)
  return partition(request, { kind, holdings: await readPartitionFile(settings.path), file: settings.path })
}

/** How clients differ, one number a client; undefined where they do not. */
export interface Scales {
  readonly speeds: readonly number[]
  readonly keeps: readonly number[] | undefined
  readonly widths: readonly number[] | undefined
}

/** What is said of them in the result. */
export function describeHolders(
  holders: readonly Int32Array[],
  labels: Int32Array,
  classes: number,
  { speeds, keeps, widths }: Scales,
): Holder[] {
  return holders.map((samples, client) => {
    const counts = Array<number>(classes).fill(0)
    for (const sample of samples) counts[labels[sample]!]!++
    const keep = keeps && { keep: keeps[client]! }
    const width = widths && { width: widths[client]! }
    return { client: client + 1, samples: samples.length, classes: counts, speed: speeds[client]!, ...keep, ...width }
  })
}

/** Speeds of all clients, as shares of that of the fastest. */
export const speedsOf = ({ clients, heterogeneity }: Settings, seed: number): number[] =>
  clientScale(clients, heterogeneity.slowest, 1, seed)

/** Shares that clients keep when they prune, the slowest the least; undefined where all keep the same. */
export function keepsOf(
  { clients, heterogeneity, pruning }: Settings & Pick<StageOf<'federate'>, 'pruning'>,
  seed: number,
): number[] | undefined {
  const { leastKeep } = heterogeneity
  if (leastKeep === undefined || !('keep' in pruning)) return
  return clientScale(clients, leastKeep, pruning.keep, seed)
}

/** Widths of the clients' models, the slowest the narrowest; undefined where all have the whole model. */
export function widthsOf({ clients, heterogeneity: { narrowest } }: Settings, seed: number): number[] | undefined {
  return narrowest === undefined ? undefined : clientScale(clients, narrowest, 1, seed)
}
