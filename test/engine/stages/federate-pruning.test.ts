import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { graphCost } from '../../../src/core/graph/cost.ts'
import { gatedMacs } from '../../../src/core/graph/gated-cost.ts'
import type { RecipeInput } from '../../../src/shared/recipe.ts'
import { hashes, lastModel, outcomes, resultOf, run } from '../run-jobs.ts'
import { createJob, temporaryFolder, writeCifar } from '../small-data.ts'

const folder = temporaryFolder()
let data: string
beforeAll(() => {
  data = writeCifar(folder, { train: 60, test: 20 })
})
afterAll(() => rmSync(folder, { recursive: true }))

type Federate = Extract<RecipeInput['stages'][number], { use: 'federate' }>
type Pruning = NonNullable<Federate['pruning']>
const federate: Federate = {
  use: 'federate',
  clients: 2,
  rounds: 2,
  batch: 16,
  partition: 'iid',
  keep: 'last',
  optimizer: { kind: 'sgd', lr: 0.05, weightDecay: 0.001 },
}
const jobOf = (pruning: Pruning, more: Partial<Federate> = {}, job: Parameters<typeof createJob>[3] = {}) =>
  createJob(folder, data, [{ ...federate, pruning, ...more }], job)

async function work(pruning: Pruning, more: Partial<Federate> = {}) {
  const { messages, error } = await run(jobOf(pruning, more))
  if (error) throw error
  const result = resultOf(outcomes(messages)[0], 'federate')
  return { result, messages, hash: hashes(messages).at(-1)!, model: lastModel(messages) }
}

const weights = 74_800
const others = 75_290 - weights

describe('what travels', () => {
  it('of a random set is no more than the share to keep, and the same for all', async () => {
    const { result } = await work({ mode: 'random', keep: 0.3 })
    for (const { clients, agreement } of result.rounds) {
      expect(agreement).toBeGreaterThan(0.99)
      for (const { sent, upBytes } of clients) {
        for (const share of sent!) {
          expect(share).toBeLessThanOrEqual(0.3)
          expect(share).toBeGreaterThan(0.28)
        }
        expect(upBytes).toBeLessThan(4 * (0.3 * weights + weights / 32 + others) + 1000)
      }
    }
    // In the second round both clients have the model of the first: only what changed goes down.
    const [first, second] = result.rounds
    expect(first!.downBytes).toBeGreaterThan(2 * 4 * weights)
    expect(second!.downBytes).toBeLessThan(0.36 * first!.downBytes)
  })

  it.each(['server', 'client', 'steps'] as const)('of salient weights that the %s choose', async chosen => {
    const { result } = await work({ mode: 'salience', keep: 0.2, chosen })
    for (const { clients, agreement } of result.rounds) {
      for (const { sent } of clients) for (const share of sent!) expect(share).toBeLessThanOrEqual(0.2)
      // What each client chooses for itself is not all the same.
      if (chosen === 'server') expect(agreement).toBeGreaterThan(0.95)
      else expect(agreement).toBeLessThan(0.95)
    }
    // A set of the server goes down with the model: a bit for each weight.
    const plain = await work({ mode: 'salience', keep: 0.2, score: 'weight' })
    const extra = result.rounds[0]!.downBytes - plain.result.rounds[0]!.downBytes
    expect(extra).toBe(chosen === 'server' ? 2 * Math.ceil(weights / 8) : 0)
  })

  it.each([
    { mode: 'random' },
    { mode: 'salience' },
    { mode: 'salience', score: 'weight' },
    { mode: 'salience', chosen: 'client' },
  ] as const)('is less of a client that keeps less: %j', async pruning => {
    const { result } = await work({ keep: 0.4, ...pruning }, { clients: 3, heterogeneity: { leastKeep: 0.1 } })
    expect(result.clients.map(({ keep }) => keep?.toFixed(2)).toSorted()).toEqual(['0.10', '0.25', '0.40'])
    for (const { clients } of result.rounds)
      for (const { client, sent } of clients) {
        const { keep } = result.clients[client - 1]!
        // The last layer has 640 weights; a share of them is not always a whole number.
        for (const share of sent!) expect(share).toBeLessThanOrEqual(keep!)
        expect(Math.max(...sent!)).toBeGreaterThan(keep! - 0.02)
      }
  })

  it('is everything with gates, which are trained and counted, and stay in the model', async () => {
    const { result, model } = await work({ mode: 'gate', keep: 0.7 })
    const graph = architectureOf('resnet8-a+gate0.7')
    expect(model.architecture).toBe('resnet8-a+gate0.7')
    expect(result.trainableParams).toBe(graphCost(graph).parameters)
    expect(result.macs).toBe(graphCost(architectureOf('resnet8-a')).macs)
    expect(result.keptMacs).toBe(Math.round(gatedMacs(graph)))
    expect(result.keptMacs! / result.macs!).toBeLessThan(0.65)
    expect(model.weights.get('layer1.0.conv1.gate.bias')!.some(value => value !== 1)).toBe(true)
    expect(result.rounds[0]!.clients[0]!.upBytes).toBeGreaterThan(4 * 75_290)
  })

  it('is no zero of a threshold, up and, where the server zeroes too, down', async () => {
    const on = await work({ mode: 'threshold', threshold: 0.03 })
    const off = await work({ mode: 'threshold', threshold: 0.03, onServer: false })
    const dense = 4 * 75_290
    for (const { result } of [on, off])
      for (const { clients } of result.rounds)
        for (const { upBytes } of clients) expect(upBytes).toBeLessThan(0.95 * dense)
    expect(on.result.rounds[1]!.downBytes).toBeLessThan(off.result.rounds[1]!.downBytes)
    expect(on.result.zeros).toBeGreaterThan(0.05 * weights)
    expect(on.result.keptMacs).toBeLessThan(on.result.macs!)
    const { zeros } = on.result.layers.at(-1)!
    expect(zeros).toBe(0) // the classifier is left alone
  })
})

const modes: Record<string, Pruning> = {
  gate: 'gate',
  threshold: { mode: 'threshold', threshold: 0.03 },
  random: { mode: 'random', of: 'channels' },
  'soft filters': 'soft-filters',
  'static filters': 'static-filters',
  salience: 'salience',
  'salience of clients': { mode: 'salience', chosen: 'client', scope: 'network', score: 'gradient' },
  'salience of steps': { mode: 'salience', chosen: 'steps' },
}
const strategies = ['fedprox', 'fednova', 'scaffold', 'local', 'centralised'] as const

describe('filters', () => {
  it('that went before the first round stay away, and soft ones may come back', async () => {
    const fixed = await work({ mode: 'static-filters', keep: 0.5 })
    expect(fixed.model.masks.size).toBe(7)
    const soft = await work({ mode: 'soft-filters', keep: 0.5 })
    expect(soft.model.masks.size).toBe(0)
    const unlike = await work({ mode: 'soft-filters', keep: 0.5 }, { heterogeneity: { leastKeep: 0.25 } })
    const [weak, strong] = [0.25, 0.5].map(keep => unlike.result.clients.findIndex(client => client.keep === keep))
    const { clients } = unlike.result.rounds[0]!
    expect(clients[weak!]!.upBytes).toBeLessThan(0.6 * clients[strong!]!.upBytes)
    for (const { result } of [fixed, soft]) {
      for (const { name, zeros, weights: all } of result.layers.slice(0, -1))
        expect([name, zeros / all]).toEqual([name, 0.5])
      expect(result.rounds[1]!.upBytes).toBeLessThan(2 * 4 * (0.55 * weights + others))
    }
  })
})

describe('every mode with every strategy', () => {
  // Where nothing travels, modes that set something for a round or a client are tried, and one that changes the model.
  const alone = ['gate', 'salience', 'random']
  const pairs = Object.keys(modes).flatMap(mode =>
    strategies
      .filter(strategy => (strategy !== 'local' && strategy !== 'centralised') || alone.includes(mode))
      .map(strategy => [mode, strategy] as const),
  )
  it.each(pairs)('%s with %s', async (mode, strategy) => {
    const { result } = await work(modes[mode]!, { strategy, clientSamples: 6 })
    expect(result.rounds).toHaveLength(2)
    const states = result.rounds.flatMap(({ clients }) => clients.map(({ state }) => state))
    expect(new Set(states)).toEqual(new Set(['done']))
    expect(result.upBytes > 0).toBe(!['local', 'centralised'].includes(strategy))
  })
})
