/** Small networks and data for measuring distortion. */
import type { Graph, Model } from '../../../src/core/graph/model.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { createRandom } from '../../../src/core/random.ts'
import type { Dataset, Samples } from '../../../src/formats/datasets.ts'

/** Fresh weights, with statistics and biases as a trained network has them. */
export function trained(graph: Graph, seed: number): Model {
  const random = createRandom(seed)
  const weights = new Map(
    [...initialise(graph, seed)].map(([name, values]) => {
      const { role } = graph.parameters[name]!
      if (role === 'variance' || role === 'gamma') return [name, values.map(() => 0.5 + random.uniform())]
      return [name, role === 'weight' ? values : values.map(() => 0.2 * random.normal())]
    }),
  )
  return { architecture: 'test', graph, weights, masks: new Map() }
}

/** `count` training samples of random pixels, [height, width, channels]. */
export function randomImages(count: number, shape: readonly number[], seed = 1): Dataset {
  const random = createRandom(seed)
  const size = shape.reduce((product, dim) => product * dim, 1)
  const pixels = new Uint8Array(count * size).map(() => random.below(256))
  const read = async (indices: ArrayLike<number>, into: Samples) => {
    for (let i = 0; i < indices.length; i++)
      into.set(pixels.subarray(indices[i]! * size, (indices[i]! + 1) * size), i * size)
  }
  return {
    format: 'random',
    classes: Array.from({ length: 10 }, (_, label) => String(label)),
    sampleType: 'uint8',
    shape,
    splits: { train: { name: 'train', count, labels: new Int32Array(count), read } },
    notes: [],
    fingerprint: `random ${count} ${seed}`,
    close: async () => {},
  }
}
