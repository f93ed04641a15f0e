import { createRandom } from '../../random.ts'
import { shuffle } from '../../split.ts'
import { cutEvenly, type Partition } from '../partition.ts'

/** Every client the same number of samples, to within one, of any class. */
export const iid: Partition = ({ samples, clients, seed }) => {
  const shuffled = [...samples]
  shuffle(shuffled, createRandom(seed))
  return cutEvenly(shuffled, clients)
}
