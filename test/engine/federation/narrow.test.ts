/** A client of a smaller width trains in the graph of the whole network: what it has of it must be the network of that width. */
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { gather, narrowPart, scatter } from '../../../src/core/federation/narrow.ts'
import { trainableParameters } from '../../../src/core/graph/cost.ts'
import type { Graph, Weights } from '../../../src/core/graph/model.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { normalization } from '../../../src/core/normalization.ts'
import { createRandom } from '../../../src/core/random.ts'
import { TrainableModel } from '../../../src/engine/compile/training.ts'
import { loadEngine } from '../../../src/engine/runtime/load.ts'
import type { RecipeInput } from '../../../src/shared/recipe.ts'
import { hashes, lastModel, outcomes, resultOf, run } from '../run-jobs.ts'
import { createJob, temporaryFolder, writeCifar } from '../small-data.ts'

describe('a narrower client', () => {
  it('takes the steps of the network of its width', async () => {
    const [wide, plain] = [architectureOf('resnet8-b-w2'), architectureOf('resnet8-b')]
    const part = narrowPart(wide, 0.5)
    const begun = initialise(wide, 3)
    const held = (weights: Weights): Weights =>
      new Map([...weights].map(([name, values]) => [name, gather(values, part.get(name)!)]))
    const alone = await steps(plain, held(begun))
    const inside = await steps(
      wide,
      new Map([...held(begun)].map(([name, values]) => [name, scatter(values, part.get(name)!)])),
      part,
    )
    for (const [name, values] of held(inside)) {
      const expected = alone.get(name)!
      for (const [i, value] of values.entries()) expect(Math.abs(value - expected[i]!), name).toBeLessThan(2e-4)
    }
    for (const name of trainableParameters(wide))
      expect(
        inside.get(name)!.every((value, i) => part.get(name)![i] === 1 || value === 0),
        name,
      ).toBe(true)
  })
})

/** Three steps of SGD with momentum on the same images. */
async function steps(graph: Graph, weights: Weights, part?: ReadonlyMap<string, Uint8Array>): Promise<Weights> {
  const trained = trainableParameters(graph)
  const compiled = new TrainableModel(await loadEngine(), graph, {
    sampleType: 'uint8',
    normalization: normalization('imagenet', 3),
    precision: 'f32',
    optimizer: { kind: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 1e-3 },
    labelSmoothing: 0,
    masked: new Set(),
    ...(part && { updateMasked: new Set(trained) }),
  })
  try {
    compiled.assign({ weights, masks: new Map() })
    if (part) compiled.assignUpdateMasks(new Map(trained.map(name => [name, part.get(name)!])))
    const random = createRandom(1)
    for (let step = 0; step < 3; step++) {
      const samples = Uint8Array.from({ length: 8 * 3072 }, () => 256 * random.uniform())
      const labels = Int32Array.from({ length: 8 }, () => 10 * random.uniform())
      compiled.step({ samples, labels, learningRate: 0.05, seed: step })
    }
    return compiled.readParameters()
  } finally {
    compiled.dispose()
  }
}

describe('a federation of several widths', () => {
  const folder = temporaryFolder()
  let data: string
  beforeAll(() => {
    data = writeCifar(folder, { train: 100, test: 20 })
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const federate: Extract<RecipeInput['stages'][number], { use: 'federate' }> = {
    use: 'federate',
    clients: 3,
    rounds: 2,
    batch: 16,
    optimizer: { kind: 'sgd', lr: 0.05, momentum: 0.9, weightDecay: 1e-3 },
    partition: { kind: 'iid' },
    heterogeneity: { narrowest: 0.25 },
  }

  it.each(['fedavg', 'fedprox'] as const)(
    'with %s sends less for the narrow, and ends as one model',
    async strategy => {
      const { messages, error } = await run(createJob(folder, data, [{ ...federate, strategy }]))
      expect(error).toBeUndefined()
      const { clients, rounds } = resultOf(outcomes(messages)[0], 'federate')
      expect(clients.map(({ width }) => width).sort()).toEqual([0.25, 0.625, 1])
      for (const round of rounds) {
        const byWidth = round.clients
          .map((client, i) => ({ ...client, width: clients[i]!.width! }))
          .sort((a, b) => a.width - b.width)
        for (const { width, state, upBytes, downBytes, sent } of byWidth) {
          expect(state).toBe('done')
          expect(sent!.every(share => share === 1)).toBe(width === 1)
          expect(downBytes).toBeGreaterThan(upBytes)
        }
        const [narrow, middle, whole] = byWidth
        // 75,290 weights of 23 tensors of the whole; of the others what their width leaves of both dimensions of a kernel.
        expect(whole!.upBytes).toBe(12 + 8 * 23 + 4 * 75_290)
        expect(narrow!.upBytes).toBeLessThan(whole!.upBytes * 0.11)
        expect(middle!.upBytes).toBeLessThan(whole!.upBytes * 0.45)
        expect(round.agreement).toBeLessThan(1)
      }
      const { weights } = lastModel(messages)
      for (const [name, values] of weights) expect(values.every(Number.isFinite), name).toBe(true)
      expect(hashes((await run(createJob(folder, data, [{ ...federate, strategy }]))).messages)).toEqual(
        hashes(messages),
      )
    },
  )

  it('of one width, the whole, is a federation without widths', async () => {
    const worked = async (heterogeneity: (typeof federate)['heterogeneity']) =>
      lastModel((await run(createJob(folder, data, [{ ...federate, rounds: 1, heterogeneity }]))).messages).weights
    const [whole, plain] = [await worked({ narrowest: 1 }), await worked({})]
    for (const [name, values] of whole)
      for (const [i, value] of values.entries()) expect(value, name).toBeCloseTo(plain.get(name)![i]!, 4)
  })
})
