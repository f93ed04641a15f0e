import { createRandom } from '../../random.ts'
import { shuffle } from '../../split.ts'
import { drawDirichlet } from '../dirichlet.ts'
import { cutBy, drawUntilEnough, type Partition, samplesByClass } from '../partition.ts'

/**
 * Each class is shared out by shares from Dirichlet(beta) over the clients, of which those that hold their even part of
 * all samples already get none (Yurochkin et al. 2019, as the usual code has it; five-systems, section 4a-4).
 */
export const dirichlet: Partition<{ readonly beta: number }> = (request, { beta }) => {
  const { samples, clients, seed } = request
  const random = createRandom(seed)
  const groups = samplesByClass(request)
  return drawUntilEnough(request, () => {
    const held = Array.from({ length: clients }, (): number[] => [])
    for (const group of groups) {
      shuffle(group, random)
      const drawn = drawDirichlet(random, clients, beta)
      const open = drawn.map((share, client) => (held[client]!.length >= samples.length / clients ? 0 : share))
      const total = open.reduce((sum, share) => sum + share, 0)
      // With a small beta, all of the class may have been for clients that have enough: then any of the others.
      const shares = total > 0 ? open.map(share => share / total) : oneOf(held, samples.length / clients)
      for (const [client, piece] of cutBy(group, shares).entries()) held[client]!.push(...piece)
    }
    return held
  })
}

/** All to the first client that holds less than its even part. */
function oneOf(held: readonly (readonly number[])[], enough: number): number[] {
  const first = held.findIndex(list => list.length < enough)
  return held.map((_, client) => Number(client === Math.max(0, first)))
}
