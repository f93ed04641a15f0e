/** The dynamic program beside brute force, the Lagrangian and uniform, and what floors, locks and budgets do to it. */
import { describe, expect, it } from 'vitest'
import { lagrangian } from '../../../src/core/pruning/allocations/lagrangian.ts'
import { rateDistortion } from '../../../src/core/pruning/allocations/rate-distortion.ts'
import { curveFractions, interpolate, runningMaximum, zeroedCounts } from '../../../src/core/pruning/curves.ts'
import { createLagrangian } from '../../../src/core/pruning/lagrangian.ts'
import { prune } from '../../../src/core/pruning/prune.ts'
import { rankByMagnitude } from '../../../src/core/pruning/ranking.ts'
import {
  budgetOf,
  costOf,
  type LayerChoices,
  layerChoices,
  planOf,
  type RatePlan,
  spendRest,
} from '../../../src/core/pruning/rate-choices.ts'
import { createRateSolver } from '../../../src/core/pruning/rate-solver.ts'
import { floorShare } from '../../../src/core/pruning/share.ts'
import { createRandom, type Random } from '../../../src/core/random.ts'
import type { DistortionCurve } from '../../../src/shared/distortion.ts'
import { chain, squaresOf } from './chains.ts'

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
const infeasible = (text: string) =>
  expect.objectContaining({ code: 'prune.infeasible', message: expect.stringContaining(text) })

/** Up to 4 layers of up to 8 choices: rising, falling or of any shape, many of them equal; costs of one weight or several. */
function randomProblem(random: Random): LayerChoices[] {
  const kind = random.below(3)
  return Array.from({ length: 1 + random.below(4) }, (_, i) => {
    const weights = 1 + random.below(kind === 0 ? 12 : 3000)
    const counts = Array.from({ length: 1 + random.below(8) }, () => random.below(weights + 1))
    const zeros = [...new Set(counts)].sort((a, b) => a - b)
    const distortion = zeros.map(() => (kind === 1 ? random.below(5) : 10 * random.uniform()))
    if (random.below(2) === 0) distortion.sort((a, b) => a - b)
    return { name: `layer${i}`, weights, costPerWeight: kind === 2 ? 1 + random.below(64) : 1, zeros, distortion }
  })
}

/** Every combination. */
function allPlans(layers: readonly LayerChoices[]): RatePlan[] {
  const all = layers.reduce<number[][]>(
    (combinations, { zeros }) => combinations.flatMap(picks => zeros.map((_, pick) => [...picks, pick])),
    [[]],
  )
  return all.map(picks => planOf(layers, picks))
}

/** The best of all within the budget, if there is one. */
const bestOf = (plans: readonly RatePlan[], budget: number) =>
  Math.min(...plans.filter(({ cost }) => cost <= budget).map(({ distortion }) => distortion))

/** In each layer the fewest zeros that are at least this share. */
const uniformPlan = (layers: readonly LayerChoices[], sparsity: number) =>
  planOf(
    layers,
    layers.map(({ zeros, weights }) => zeros.findIndex(count => count >= sparsity * weights)),
  )

describe('the dynamic program', () => {
  it('equals brute force on thousands of random problems, at budgets that fit exactly and others', () => {
    const random = createRandom(1)
    let infeasibleOnes = 0
    for (let round = 0; round < 2500; round++) {
      const layers = randomProblem(random)
      const plans = allPlans(layers)
      const solver = createRateSolver(layers)
      const exact = plans[random.below(plans.length)]!.cost
      for (const budget of [exact, exact - 1, exact + 0.5, random.uniform() * 2 * exact]) {
        const best = bestOf(plans, budget)
        if (best === Number.POSITIVE_INFINITY) {
          infeasibleOnes++
          expect(() => solver.solve(budget)).toThrow(infeasible('cannot be met'))
          continue
        }
        const plan = solver.solve(budget)
        expect(plan).toEqual(planOf(layers, plan.picks))
        expect(plan.cost).toBeLessThanOrEqual(budget)
        expect(plan.distortion).toBeCloseTo(best, 9)
      }
    }
    expect(infeasibleOnes).toBeGreaterThan(100)
  })

  it('equals the table of the paper on networks, whatever is moved, held or locked on top of the last', () => {
    const random = createRandom(7)
    let compared = 0
    for (let round = 0; round < 60; round++) {
      const shape = shapes[round % shapes.length]!
      let layers = randomNetwork(random, 8, 400, shape)
      for (let move = 0; move < 8; move++) {
        const table = fillTable(layers)
        const solver = createRateSolver(layers)
        for (let target = 0; target < 4; target++) {
          const budget = budgetOf(layers, random.uniform())
          const best = table[Math.min(budget, table.length - 1)]!
          if (best === Number.POSITIVE_INFINITY) continue
          const plan = solver.solve(budget)
          expect(plan).toEqual(planOf(layers, plan.picks))
          expect(plan.cost).toBeLessThanOrEqual(budget)
          expect(plan.distortion).toBeCloseTo(best, 9)
          compared++
        }
        layers = layers.with(move, cut(layers[move]!, random))
      }
    }
    expect(compared).toBeGreaterThan(1000)
  })

  it('with few states keeps the budget and its bound, and is not above the Lagrangian', () => {
    const random = createRandom(2)
    let coarse = 0
    for (let round = 0; round < 1500; round++) {
      const layers = randomProblem(random)
      const plans = allPlans(layers)
      const states = 1 + random.below(2)
      const least = Math.min(...plans.map(({ cost }) => cost))
      const span = Math.max(...plans.map(({ cost }) => cost)) - least
      const budget = least + random.uniform() * span
      const plan = createRateSolver(layers, states).solve(budget)
      expect(plan.cost).toBeLessThanOrEqual(budget)
      expect(plan.distortion).toBeGreaterThanOrEqual(bestOf(plans, budget) - 1e-9)
      if (plan.distortion > bestOf(plans, budget) + 1e-9) coarse++
      // As documented: a budget that is L units smaller.
      expect(plan.distortion).toBeLessThanOrEqual(bestOf(plans, budget - (layers.length * span) / states) + 1e-9)
      expect(plan.distortion).toBeLessThanOrEqual(createLagrangian(layers).solve(budget).distortion + 1e-9)
    }
    expect(coarse).toBeGreaterThan(5)
  })

  it('is never above the Lagrangian nor uniform at the same sparsity', () => {
    const random = createRandom(3)
    for (let round = 0; round < 60; round++) {
      const layers = randomNetwork(random, 8, 1 + random.below(20_000))
      const [solver, relaxed] = [createRateSolver(layers), createLagrangian(layers)]
      for (const sparsity of [0.1, 0.35, 0.6, 0.8, 0.9, 0.97]) {
        const budget = budgetOf(layers, sparsity)
        const { distortion } = solver.solve(budget)
        expect(distortion).toBeLessThanOrEqual(relaxed.solve(budget).distortion + 1e-9)
        expect(distortion).toBeLessThanOrEqual(uniformPlan(layers, sparsity).distortion + 1e-9)
      }
    }
  })

  it('holds at the size of ResNet-50', () => {
    const layers = randomNetwork(createRandom(4), 54, 900_000)
    const [solver, relaxed] = [createRateSolver(layers), createLagrangian(layers)]
    for (const sparsity of [0.1, 0.5, 0.8, 0.9, 0.95, 0.98]) {
      const budget = budgetOf(layers, sparsity)
      const plan = solver.solve(budget)
      expect(plan.distortion).toBeLessThanOrEqual(relaxed.solve(budget).distortion)
      expect(plan.distortion).toBeLessThanOrEqual(uniformPlan(layers, sparsity).distortion)
      expect(sum(spendRest(layers, plan, budget))).toBe(floorShare(sparsity, sum(layers.map(({ weights }) => weights))))
    }
  })
})

/** The layer with a floor, a lock, or another curve. */
function cut(layer: LayerChoices, random: Random): LayerChoices {
  const { zeros, distortion } = layer
  if (random.below(3) === 0) return { ...layer, distortion: distortion.map(value => value * (0.5 + random.uniform())) }
  const from = random.below(2) === 0 ? 0 : random.below(zeros.length)
  const to = 1 + from + (from > 0 ? 0 : random.below(zeros.length))
  return { ...layer, zeros: zeros.slice(from, to), distortion: distortion.slice(from, to) }
}

/** g_L of every whole budget, as the paper has it (arXiv 2308.10438), where costs are whole numbers. */
function fillTable(layers: readonly LayerChoices[]): number[] {
  const most = sum(layers.map(layer => costOf(layer, 0)))
  let table = Array.from({ length: most + 1 }, () => 0)
  for (const layer of layers) {
    const before = table
    const costs = layer.zeros.map(zeros => costOf(layer, zeros))
    table = before.map((_, budget) =>
      costs.reduce(
        (least, cost, i) => (cost > budget ? least : Math.min(least, before[budget - cost]! + layer.distortion[i]!)),
        Number.POSITIVE_INFINITY,
      ),
    )
  }
  return table
}

/** Distortion of a pruned share: steep towards the end; over before it; at once; in a few levels, so that many are equal. */
const shapes = [
  (share: number, power: number) => share ** power,
  (share: number, power: number) => 1 / (1 + Math.exp(10 * power * (0.7 - share))),
  (share: number) => Math.sqrt(share),
  (share: number) => Math.floor(4 * share),
]

/** Layers of different sizes, each with a height and a power of its own. */
function randomNetwork(random: Random, count: number, largest: number, shape = shapes[0]!): LayerChoices[] {
  const fractions = [...Array.from({ length: 20 }, (_, i) => i / 20), 0.97, 0.98, 0.99, 0.995, 1]
  return Array.from({ length: count }, (_, i) => {
    const weights = 1 + Math.ceil(random.uniform() ** 3 * largest)
    const [scale, power] = [10 ** (4 * random.uniform()), 1 + 8 * random.uniform()]
    const counts = zeroedCounts(fractions, weights)
    const keep = counts.flatMap((zeros, j) => (j === 0 || zeros > counts[j - 1]! ? [j] : []))
    return {
      name: `layer${i}`,
      weights,
      costPerWeight: 1,
      zeros: keep.map(j => counts[j]!),
      distortion: keep.map(j => scale * shape(fractions[j]!, power) * (0.8 + 0.4 * random.uniform())),
    }
  })
}

describe('the Lagrangian', () => {
  it('is the best there is for the cost that it ends at, and ends where bisection on lambda does', () => {
    const random = createRandom(5)
    for (let round = 0; round < 1500; round++) {
      const layers = randomProblem(random)
      const plans = allPlans(layers)
      const costs = plans.map(({ cost }) => cost)
      const least = Math.min(...costs)
      const budget = least + random.uniform() * (Math.max(...costs) - least)
      const plan = createLagrangian(layers).solve(budget)
      expect(plan.cost).toBeLessThanOrEqual(budget)
      expect(plan.distortion).toBeCloseTo(bestOf(plans, plan.cost), 9)
      // No multiplier leads to a plan that is better and within the budget.
      for (let lambda = 1e-6; lambda < 1e3; lambda *= 3) {
        const picks = layers.map(layer => {
          const values = layer.distortion.map((d, i) => d + lambda * costOf(layer, layer.zeros[i]!))
          return values.lastIndexOf(Math.min(...values))
        })
        const other = planOf(layers, picks)
        if (other.cost <= budget) expect(plan.distortion).toBeLessThanOrEqual(other.distortion + 1e-9)
      }
    }
  })
})

describe('what is left of the budget', () => {
  it('is given back where it saves most, to the weight (by hand)', () => {
    const layers = [
      { name: 'a', weights: 10, costPerWeight: 1, zeros: [0, 5, 10], distortion: [0, 1, 11] },
      { name: 'b', weights: 10, costPerWeight: 1, zeros: [0, 5, 10], distortion: [0, 4, 5] },
    ]
    // 5 + 0 kept; a saves 1/5 a weight, b also, and a comes first.
    const plan = planOf(layers, [1, 2])
    expect([5, 6, 9, 10, 12, 20].map(budget => spendRest(layers, plan, budget))).toEqual([
      [5, 10],
      [4, 10],
      [1, 10],
      [0, 10],
      [0, 8],
      [0, 0],
    ])
  })

  it('is less than one weight, in weights and in MACs', () => {
    const random = createRandom(6)
    for (let round = 0; round < 1000; round++) {
      const layers = randomProblem(random)
      const most = sum(layers.map(layer => costOf(layer, layer.zeros[0]!)))
      const least = sum(layers.map(layer => costOf(layer, layer.zeros.at(-1)!)))
      const budget = least + Math.floor(random.uniform() * (most - least + 1))
      const plan = createRateSolver(layers, 2).solve(budget)
      const zeros = spendRest(layers, plan, budget)
      const cost = sum(layers.map((layer, i) => costOf(layer, zeros[i]!)))
      expect(cost).toBeLessThanOrEqual(budget)
      const open = layers.filter((layer, i) => zeros[i]! > layer.zeros[0]!)
      if (open.length > 0) expect(budget - cost).toBeLessThan(Math.min(...open.map(layer => layer.costPerWeight)))
      expect(zeros.every((count, i) => count >= layers[i]!.zeros[0]!)).toBe(true)
    }
  })
})

describe('curves', () => {
  it('have the standard fractions and those asked for, each once, ascending', () => {
    expect(curveFractions([0.985, 0.5, 0.2, 0.2])).toEqual([0, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.985, 0.99])
    expect(zeroedCounts([0, 0.3, 0.95], 432)).toEqual([0, 129, 410])
  })

  it('are read as their running maximum, and on straight lines between points', () => {
    expect(runningMaximum([0, 3, 1, 2, 5, 4])).toEqual([0, 3, 3, 3, 5, 5])
    expect([0, 3, 5, 9, 15, 20].map(count => interpolate([0, 5, 15], [0, 10, 30], count))).toEqual([
      0, 6, 10, 18, 30, 30,
    ])
  })
})

describe('choices', () => {
  const fractions = [0, 0.3, 0.5, 0.8, 1]
  const curveOf = (name: string, weights: number, mean: number[]): DistortionCurve => {
    const zeroed = zeroedCounts(fractions, weights)
    return { name, weights, fractions, zeroed, mean, worst: mean.map(value => 10 * value) }
  }
  const curves = [curveOf('a', 10, [0, 4, 3, 9, 9]), curveOf('b', 3, [0, 0, 1, 2, 3])]
  const request = { curves, curve: 'mean', monotone: false, budget: 'weights' } as const
  const layers = [
    { name: 'a', weights: 10, zeros: 0, macs: 90 },
    { name: 'b', weights: 3, zeros: 0, macs: 3 },
  ]

  it('are the points of the curve, each number of zeros once', () => {
    expect(layerChoices(layers, request, 0)).toEqual([
      { name: 'a', weights: 10, costPerWeight: 1, zeros: [0, 3, 5, 8, 10], distortion: [0, 4, 3, 9, 9] },
      { name: 'b', weights: 3, costPerWeight: 1, zeros: [0, 1, 2, 3], distortion: [0, 1, 2, 3] },
    ])
  })

  it('follow the options: worst, running maximum, MACs', () => {
    const [a, b] = layerChoices(layers, { ...request, curve: 'worst', monotone: true, budget: 'macs' }, 0)
    expect([a!.distortion, a!.costPerWeight, b!.costPerWeight]).toEqual([[0, 40, 40, 90, 90], 9, 1])
    expect(budgetOf([a!, b!], 0.5)).toBe(93 - 46)
  })

  it('begin with what is zero already, end at the floor or the minimum, whichever keeps more', () => {
    const pruned = [{ ...layers[0]!, zeros: 4 }, layers[1]!]
    const at = (floors: Record<string, number>, minimum: number) =>
      layerChoices(pruned, { ...request, floors }, minimum).map(({ zeros, distortion }) => [zeros, distortion])
    expect(at({}, 0)[0]).toEqual([
      [4, 5, 8, 10],
      [0, 3, 9, 9],
    ])
    // 6 lies on the line from (5, 3) to (8, 9); the smaller layer keeps all.
    expect(at({}, 4)).toEqual([
      [
        [4, 5, 6],
        [0, 3, 5],
      ],
      [[0], [0]],
    ])
    expect(at({ a: 3 }, 1)[0]![0]).toEqual([4, 5, 7])
    expect(at({ a: 0.2 }, 1)[0]![0]).toEqual([4, 5, 8])
    expect(at({ a: 9 }, 0)[0]![0]).toEqual([4])
  })

  it('are one where the layer is locked', () => {
    const at = (locks: Record<string, number>, zeros = 0) =>
      layerChoices([{ ...layers[0]!, zeros }, layers[1]!], { ...request, locks }, 0)[0]!
    expect(at({ a: 0 })).toMatchObject({ zeros: [0], distortion: [0] })
    expect(at({ a: 0 }, 4)).toMatchObject({ zeros: [4], distortion: [0] })
    expect(at({ a: 0.9 })).toMatchObject({ zeros: [9], distortion: [9] })
    expect(() => at({ a: 0.2 }, 4)).toThrow(infeasible('"a" is to have 2 zeros and already has 4 of 10 weights.'))
  })

  it('refuse floors above the layer and names of no layer', () => {
    expect(() => layerChoices(layers, { ...request, floors: { b: 4 } }, 0)).toThrow(
      infeasible('"b" is to keep 4 weights and has 3.'),
    )
    expect(() => layerChoices(layers, { ...request, locks: { bb: 0 } }, 0)).toThrow(
      expect.objectContaining({ code: 'argument.invalid', hint: 'Did you mean "b"?' }),
    )
  })
})

describe.each(Object.entries({ rateDistortion, lagrangian }))('%s of a network', (_, allocation) => {
  const model = chain([6, 8, 5, 7])
  const weights = 48 + 40 + 35
  const rankings = ['fc0', 'fc1', 'fc2'].map(name => rankByMagnitude(name, model.weights.get(`${name}.weight`)!))
  const request = {
    rankings,
    dims: [],
    macs: [480, 40, 35],
    minimumKeep: 0,
    seed: 0,
    distortion: squaresOf(model),
  }

  it('has exactly floor(s N) zeros', () => {
    for (const sparsity of [0, 0.1, 0.37, 0.5, 0.83, 0.99])
      expect(sum(allocation({ ...request, sparsity }))).toBe(floorShare(sparsity, weights))
  })

  it('of MACs is within one weight', () => {
    const distortion = { ...request.distortion, budget: 'macs' } as const
    for (const sparsity of [0.1, 0.37, 0.5, 0.83]) {
      const zeros = allocation({ ...request, sparsity, distortion })
      const gone = zeros[0]! * 10 + zeros[1]! + zeros[2]!
      expect(gone - floorShare(sparsity, 555)).toBeGreaterThanOrEqual(0)
      expect(gone - floorShare(sparsity, 555)).toBeLessThan(zeros[1]! + zeros[2]! > 0 ? 1 : 10)
    }
  })

  it('keeps locks, floors and the minimum, and says what it can reach with them', () => {
    const distortion = { ...request.distortion, locks: { fc1: 0 }, floors: { fc2: 0.5 } }
    const zeros = allocation({ ...request, sparsity: 0.4, minimumKeep: 10, distortion })
    expect([zeros[1], sum(zeros)]).toEqual([0, 49])
    expect(zeros[2]).toBeLessThanOrEqual(18)
    expect(() => allocation({ ...request, sparsity: 0.6, minimumKeep: 10, distortion })).toThrow(
      expect.objectContaining({
        code: 'prune.infeasible',
        message: 'A budget of 50 of 123 weights cannot be met: the smallest that can is 67.',
        hint: expect.stringContaining('The highest sparsity is 0.4552'),
      }),
    )
  })

  it('needs curves of these layers', () => {
    const { distortion: _, ...without } = request
    expect(() => allocation({ ...without, sparsity: 0.5 })).toThrow('needs rate-distortion curves')
    const distortion = { ...request.distortion, curves: request.distortion.curves.slice(1) }
    expect(() => allocation({ ...request, sparsity: 0.5, distortion })).toThrow('no curve of "fc0"')
  })
})

it('prunes by MACs, where sparsity says nothing of weights', () => {
  const model = chain([6, 8, 5, 7])
  const distortion = { ...squaresOf(model), budget: 'macs' } as const
  const run = (sparsity: number) =>
    prune(model, { allocation: 'rate-distortion', score: 'magnitude', sparsity, distortion })
  // Fully connected: a MAC is a weight.
  expect(run(0.5).zeros).toBe(61)
})
