import { EspalierError } from '../../../shared/errors.ts'
import { plural } from '../../../shared/plural.ts'
import { createRandom } from '../../random.ts'
import { shuffle } from '../../split.ts'
import { type Partition, samplesByClass } from '../partition.ts'

/** One entry a client: the numbers of its samples, or how many it has of each class. */
export type Holdings = readonly (readonly number[] | Readonly<Record<string, number>>)[]

export interface ListedOptions {
  readonly holdings: Holdings
  /** What is named where they are wrong. */
  readonly file: string
}

/**
 * As a file has it. It shares out the whole training split, so that it means the same whatever is held out for validation;
 * what is held out is then taken from whoever has it.
 */
export const listed: Partition<ListedOptions> = (request, { holdings, file }) => {
  const { labels, samples, clients, seed, minimum } = request
  const fail = fault(file)
  if (holdings.length !== clients)
    throw fail(`it has ${plural(holdings.length, 'client')}, and the recipe asks for ${clients}`)
  const all = holdings.some(entry => !Array.isArray(entry))
    ? byCounts(holdings, labels, seed, fail)
    : (holdings as number[][])
  requireEachOnce(all, labels.length, fail)
  const kept = new Set(samples)
  const lists = all.map(list => list.filter(sample => kept.has(sample)))
  const short = lists.findIndex(list => list.length < minimum)
  if (short >= 0)
    throw fail(
      `client ${short + 1} is left with ${plural(lists[short]!.length, 'sample')}, and partition.minimum is ${minimum}`,
    )
  return lists
}

type Fail = (what: string) => EspalierError

const fault =
  (file: string): Fail =>
  what =>
    new EspalierError({
      code: 'argument.invalid',
      message: `${file} is no partition of this data: ${what}.`,
      file,
      rule: 'A partition gives every training sample to exactly one client.',
    })

/** Throws where a sample of 0 .. count - 1 is in no list or in two. */
export function requireEachOnce(lists: readonly (readonly number[])[], count: number, fail: Fail): void {
  const holder = new Int32Array(count).fill(-1)
  for (const [client, list] of lists.entries()) {
    for (const sample of list) {
      if (!Number.isInteger(sample) || sample < 0 || sample >= count)
        throw fail(`client ${client + 1} has the sample ${sample}, and they are numbered 0 to ${count - 1}`)
      const other = holder[sample]!
      if (other >= 0) throw fail(`sample ${sample} is given to client ${other + 1} and again to client ${client + 1}`)
      holder[sample] = client
    }
  }
  const missing = holder.filter(client => client < 0).length
  if (missing > 0) throw fail(`nobody is given ${plural(missing, 'sample')}, the first is ${holder.indexOf(-1)}`)
}

/** Samples of each class in a drawn order, dealt out by the counts. */
function byCounts(holdings: Holdings, labels: Int32Array, seed: number, fail: Fail): number[][] {
  const all = Int32Array.from({ length: labels.length }, (_, sample) => sample)
  const random = createRandom(seed)
  const rest = new Map<number, number[]>()
  for (const group of samplesByClass({ labels, samples: all })) {
    shuffle(group, random)
    rest.set(labels[group[0]!]!, group)
  }
  return holdings.map((entry, client) => {
    if (Array.isArray(entry)) throw fail('some clients are given by samples and some by counts')
    return Object.entries(entry as Readonly<Record<string, number>>).flatMap(([label, count]) => {
      const left = rest.get(Number(label)) ?? []
      if (!Number.isInteger(count) || count < 0 || count > left.length)
        throw fail(`client ${client + 1} has ${plural(count, 'sample')} of class ${label}, and ${left.length} are left`)
      return left.splice(0, count)
    })
  })
}
