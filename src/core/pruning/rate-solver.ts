import { createLagrangian, type HullStep, hullSteps } from './lagrangian.ts'
import { costOf, type LayerChoices, planOf, type RatePlan, type RateSolver, requireBudget } from './rate-choices.ts'

/** Plans of a layer and those before it that are kept at most. */
const defaultStates = 0x4000

/** Plans of the first layers, ascending in cost and falling in distortion: what is beaten in both is left out. */
interface States {
  readonly cost: Float64Array
  readonly distortion: Float64Array
  /** Where in the states before, and which choice led here from there. */
  readonly from: Uint32Array
  readonly pick: Uint32Array
}

/** What the layers that are left do best for their cost: each vertex is the one before it and one more step. */
interface Rest {
  readonly cost: Float64Array
  readonly distortion: Float64Array
  readonly steps: readonly HullStep[]
}

/** A whole plan: a choice after one of the states, and the layers left at a vertex. */
interface Found {
  readonly distortion: number
  readonly place: number
  readonly from: number
  readonly pick: number
  readonly vertex: number
}

/**
 * Layer-adaptive pruning by dynamic programming (arXiv 2308.10438): the smallest sum of distortions within the
 * budget, g_l(b) = min over the choices of layer l of distortion + g_(l-1)(b - cost). The published code fills a table of
 * every b; of these hardly any can be part of the best plan. So g_l is kept as the list of its steps, with true costs, and
 * only those that can still win (Dyer, Riha and Walker 1995): the Lagrangian relaxation of the layers that are left says
 * below which sum no plan can come that goes on from a state, and gives a plan that does go on from it; what cannot come
 * below the best of these plans is dropped. The largest layers come first, because in front of small ones that bound is tight.
 *
 * Exact, unless more than `mostStates` are left after a layer. Then one is kept for each budget unit q = (largest -
 * smallest cost) / mostStates: the one of the smallest distortion, whose cost is less than q above the others'. So the result
 * is at least as good as the exact one for a budget that is smaller by the sum of these units, at most L q for L layers;
 * and it is never worse than the Lagrangian.
 *
 * The published code refuses a choice that fits exactly, leaves entries at the edges of its blocks empty and ignores
 * what the first layer has pruned already (five-systems 3f). Here cost = budget fits, as the paper says.
 */
export function createRateSolver(layers: readonly LayerChoices[], mostStates: number = defaultStates): RateSolver {
  const order = layers.map((_, layer) => layer).sort((a, b) => spanOf(layers[b]!) - spanOf(layers[a]!))
  const steps = hullSteps(layers)
  const rests = order.map((_, place) => restOf(layers, order.slice(place + 1), steps))
  const lagrangian = createLagrangian(layers)

  function search(budget: number, atMost: number) {
    let found: Found | undefined
    let least = atMost
    const history = [newStates(1)]
    for (const [place, layer] of order.entries()) {
      const before = history.at(-1)!
      const rest = rests[place]!
      const { zeros, distortion } = layers[layer]!
      const lists: States[] = []
      for (let pick = zeros.length - 1; pick >= 0; pick--) {
        const choice = { pick, cost: costOf(layers[layer]!, zeros[pick]!), distortion: distortion[pick]! }
        const { states, best } = goOn(before, choice, rest, budget, least)
        if (best) [found, least] = [{ ...best, place, pick }, best.distortion]
        if (states) lists.push(states)
      }
      if (lists.length === 0) break
      history.push(thin(mergeAll(lists), mostStates))
    }
    return found && planOf(layers, picksOf(found, history))
  }

  function picksOf({ place, from, pick, vertex }: Found, history: readonly States[]): number[] {
    const picks = layers.map(({ zeros }) => zeros.length - 1)
    for (const step of rests[place]!.steps.slice(0, vertex)) picks[step.layer] = step.pick
    picks[order[place]!] = pick
    let at = from
    for (let earlier = place - 1; earlier >= 0; earlier--) {
      const states = history[earlier + 1]!
      picks[order[earlier]!] = states.pick[at]!
      at = states.from[at]!
    }
    return picks
  }

  return {
    solve(budget) {
      requireBudget(layers, budget)
      const relaxed = lagrangian.solve(budget)
      return better(search(budget, relaxed.distortion), relaxed)
    },
  }
}

/** Sums that are made in another order may differ in their last digits. */
const better = (plan: RatePlan | undefined, other: RatePlan) =>
  plan && plan.distortion < other.distortion ? plan : other

const spanOf = (layer: LayerChoices) => costOf(layer, layer.zeros[0]!) - costOf(layer, layer.zeros.at(-1)!)

const newStates = (count: number): States => ({
  cost: new Float64Array(count),
  distortion: new Float64Array(count),
  from: new Uint32Array(count),
  pick: new Uint32Array(count),
})

/** `all` steps come in the order in which they are taken. */
function restOf(layers: readonly LayerChoices[], left: readonly number[], all: readonly HullStep[]): Rest {
  const isLeft = new Set(left)
  const steps = all.filter(({ layer }) => isLeft.has(layer))
  const cost = new Float64Array(steps.length + 1)
  const distortion = new Float64Array(steps.length + 1)
  const finest = new Map(left.map(layer => [layer, layers[layer]!.zeros.length - 1]))
  for (const layer of left) cost[0]! += costOf(layers[layer]!, layers[layer]!.zeros.at(-1)!)
  for (const [i, step] of steps.entries()) {
    cost[i + 1] = cost[i]! + step.cost
    finest.set(step.layer, step.pick)
  }
  // From its small end, where differences of large numbers would leave no digits.
  for (const [layer, pick] of finest) distortion[steps.length]! += layers[layer]!.distortion[pick]!
  for (let i = steps.length - 1; i >= 0; i--) distortion[i] = distortion[i + 1]! + steps[i]!.saved
  return { cost, distortion, steps }
}

interface Choice {
  readonly pick: number
  readonly cost: number
  readonly distortion: number
}

/**
 * Every state with this choice of the next layer: those from which something below `least` may come, and the best whole
 * plan below it that is met on the way.
 */
function goOn(before: States, choice: Choice, rest: Rest, budget: number, least: number) {
  const kept: number[] = []
  let best: Pick<Found, 'distortion' | 'from' | 'vertex'> | undefined
  let below = least
  let vertex = lastAtMost(rest.cost, budget - choice.cost)
  for (let from = 0; from < before.cost.length; from++) {
    const left = budget - (before.cost[from]! + choice.cost)
    if (left < rest.cost[0]!) break
    while (rest.cost[vertex]! > left) vertex--
    const soFar = before.distortion[from]! + choice.distortion
    const whole = soFar + rest.distortion[vertex]!
    if (whole < below) [best, below] = [{ distortion: whole, from, vertex }, whole]
    if (soFar + relaxedAt(rest, vertex, left) < below) kept.push(from)
  }
  if (kept.length === 0) return { states: undefined, best }
  const states = newStates(kept.length)
  for (let i = 0; i < kept.length; i++) {
    states.from[i] = kept[i]!
    states.cost[i] = before.cost[kept[i]!]! + choice.cost
    states.distortion[i] = before.distortion[kept[i]!]! + choice.distortion
  }
  states.pick.fill(choice.pick)
  return { states, best }
}

/** Where the last of these ascending numbers is that is not above `most`; at the first where all are. */
function lastAtMost(numbers: Float64Array, most: number): number {
  let [low, high] = [0, numbers.length]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (numbers[middle]! <= most) low = middle
    else high = middle
  }
  return low
}

/** On the line from this vertex to the next: no choice of the layers that are left is below it. */
function relaxedAt({ cost, distortion }: Rest, vertex: number, left: number): number {
  if (vertex + 1 === cost.length) return distortion[vertex]!
  const part = (left - cost[vertex]!) / (cost[vertex + 1]! - cost[vertex]!)
  return distortion[vertex]! + part * (distortion[vertex + 1]! - distortion[vertex]!)
}

function mergeAll(lists: readonly States[]): States {
  if (lists.length === 1) return lists[0]!
  const half = lists.length >> 1
  return merge(mergeAll(lists.slice(0, half)), mergeAll(lists.slice(half)))
}

/** By cost; of equal ones the smaller distortion, then what comes first. What is beaten in both is left out. */
function merge(a: States, b: States): States {
  const most = a.cost.length + b.cost.length
  const { cost, distortion, from, pick } = newStates(most)
  let [i, j, count] = [0, 0, 0]
  let least = Number.POSITIVE_INFINITY
  while (i + j < most) {
    const difference = (a.cost[i] ?? Number.POSITIVE_INFINITY) - (b.cost[j] ?? Number.POSITIVE_INFINITY)
    const isA = difference < 0 || (difference === 0 && a.distortion[i]! <= b.distortion[j]!)
    const [source, at] = isA ? [a, i++] : [b, j++]
    if (source.distortion[at]! >= least) continue
    least = source.distortion[at]!
    cost[count] = source.cost[at]!
    distortion[count] = least
    from[count] = source.from[at]!
    pick[count++] = source.pick[at]!
  }
  return {
    cost: cost.subarray(0, count),
    distortion: distortion.subarray(0, count),
    from: from.subarray(0, count),
    pick: pick.subarray(0, count),
  }
}

/** At most `most`: of those within a budget unit the last, which has the smallest distortion. */
function thin(states: States, most: number): States {
  const { cost } = states
  if (cost.length <= most) return states
  const unit = (cost.at(-1)! - cost[0]!) / most
  const unitOf = (i: number) => Math.min(most - 1, Math.floor((cost[i]! - cost[0]!) / unit))
  const isKept = (_: number, i: number) => i + 1 === cost.length || unitOf(i + 1) > unitOf(i)
  return {
    cost: cost.filter(isKept),
    distortion: states.distortion.filter(isKept),
    from: states.from.filter(isKept),
    pick: states.pick.filter(isKept),
  }
}
