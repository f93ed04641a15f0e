/** The partitions: who holds which samples. One file each in `partitions/`, one line here. */

import { EspalierError } from '../../shared/errors.ts'
import type { PartitionId } from '../../shared/federation.ts'
import { count, plural } from '../../shared/plural.ts'
import type { Partition, PartitionRequest } from './partition.ts'
import { dirichlet } from './partitions/dirichlet.ts'
import { iid } from './partitions/iid.ts'
import { listed } from './partitions/listed.ts'
import { quantity } from './partitions/quantity.ts'
import { shards } from './partitions/shards.ts'

export const partitions = { iid, quantity, shards, dirichlet, file: listed } as const satisfies Record<
  PartitionId,
  Partition<never>
>

/** What a partition is made by: its kind, with its options. */
export type PartitionOptions = {
  [Kind in PartitionId]: { readonly kind: Kind } & Parameters<(typeof partitions)[Kind]>[1]
}[PartitionId]

/** The samples of each client, ascending. Throws `argument.invalid`. */
export function partition(request: PartitionRequest, options: PartitionOptions): Int32Array[] {
  requireEnoughSamples(request, request.samples.length)
  // The table pairs every kind with its own options, which the type of a lookup by a union cannot say.
  const share = partitions[options.kind] as Partition<PartitionOptions>
  return share(request, options).map(list => Int32Array.from(list).sort())
}

/** Throws `argument.invalid` where `samples` are too few for everyone. */
export function requireEnoughSamples(
  { clients, minimum }: Pick<PartitionRequest, 'clients' | 'minimum'>,
  samples: number,
): void {
  const needed = clients * Math.max(1, minimum)
  if (needed <= samples) return
  throw new EspalierError({
    code: 'argument.invalid',
    message: `${plural(clients, 'client')} with at least ${plural(Math.max(1, minimum), 'sample')} each need ${count(needed)}, and there are ${count(samples)} to share out.`,
    file: 'clients',
    rule: 'Every client holds at least partition.minimum training samples, none of them held out for validation.',
    hint: 'Ask for fewer clients, or lower partition.minimum.',
  })
}
