import { EspalierError } from '../../../shared/errors.ts'
import { count as countText, plural } from '../../../shared/plural.ts'
import { createRandom } from '../../random.ts'
import { shuffle } from '../../split.ts'
import { cutEvenly, type Partition, samplesByClass } from '../partition.ts'

/**
 * Samples in the order of their classes, cut into clients x `perClient` shards of one size, of which each client is dealt
 * `perClient` (McMahan et al. 2017, section 3): so many classes, or one more, is all that most clients see.
 */
export const shards: Partition<{ readonly perClient: number }> = (request, { perClient }) => {
  const { samples, clients, seed } = request
  const count = clients * perClient
  if (count > samples.length)
    throw new EspalierError({
      code: 'argument.invalid',
      message: `${plural(clients, 'client')} with ${plural(perClient, 'shard')} each need ${plural(count, 'sample')}, and there are ${countText(samples.length)}.`,
      file: 'partition.perClient',
      rule: 'Every shard has at least one sample.',
      hint: 'Ask for fewer clients or fewer shards.',
    })
  const random = createRandom(seed)
  const groups = samplesByClass(request)
  for (const group of groups) shuffle(group, random)
  const pieces = cutEvenly(groups.flat(), count)
  const dealt = Int32Array.from({ length: count }, (_, shard) => shard)
  shuffle(dealt, random)
  return Array.from({ length: clients }, (_, client) =>
    [...dealt.subarray(client * perClient, (client + 1) * perClient)].flatMap(shard => pieces[shard]!),
  )
}
