import { createRandom } from '../../random.ts'
import { shuffle } from '../../split.ts'
import { drawDirichlet } from '../dirichlet.ts'
import { cutBy, drawUntilEnough, type Partition } from '../partition.ts'

/** Any class, but some clients hold much and some little: their sizes are Dirichlet(beta) (Li et al. 2022, section 4.3). */
export const quantity: Partition<{ readonly beta: number }> = (request, { beta }) => {
  const random = createRandom(request.seed)
  const shuffled = [...request.samples]
  shuffle(shuffled, random)
  return drawUntilEnough(request, () => cutBy(shuffled, drawDirichlet(random, request.clients, beta)))
}
