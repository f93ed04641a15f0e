import { createLagrangian } from './lagrangian.ts'
import { cheapestPlan, costOf, type LayerChoices, planOf, type RateSolver, requireBudget } from './rate-choices.ts'

/** Budget units of the table, when the budget is too large for one unit a weight. */
const defaultUnits = 0x20000

/** Choices 1 to n of a layer as the table sees them. */
interface Row {
  readonly layer: number
  /** Cost above the layer's cheapest choice, in budget units. */
  readonly units: readonly number[]
  /** The choice of this layer where b units are left for it and the rows before it; the last one holds for more. */
  readonly picks: Uint8Array | Uint16Array
}

/**
 * Layer-adaptive pruning by dynamic programming (arXiv 2308.10438): the smallest sum of distortions within the
 * budget, g_l(b) = min over the choices of layer l of distortion + g_(l-1)(b - cost). One table answers every budget, so it
 * is filled once, in time linear in layers, choices and units, and a budget costs one walk back through it.
 *
 * Exact where the costs above the cheapest plan come to at most `maximumUnits`. Otherwise they are rounded to the nearest
 * multiple of a unit q = ceil(span / maximumUnits), and the highest entry whose true cost is within the budget counts. With
 * L layers no plan is off by more than L q / 2 in cost, so the result is at least as good as the exact one for a budget
 * that is (L + 1) q smaller; rounding errors mostly cancel, and it is never worse than the Lagrangian.
 *
 * The published code refuses a choice that fits exactly, leaves entries at the edges of its blocks empty and ignores
 * what the first layer has pruned already (five-systems 3f). Here cost = budget fits, as the paper says.
 */
export function createRateSolver(layers: readonly LayerChoices[], maximumUnits: number = defaultUnits): RateSolver {
  const extra = layers.map(layer => layer.zeros.map(zeros => costOf(layer, zeros) - costOf(layer, layer.zeros.at(-1)!)))
  const span = extra.reduce((sum, [most]) => sum + most!, 0)
  const quantum = Math.max(1, Math.ceil(span / maximumUnits))
  const isExact = quantum === 1 && extra.flat().every(Number.isInteger)
  const units = extra.map(costs => costs.map(cost => Math.round(cost / quantum)))
  const top = units.reduce((sum, [most]) => sum + most!, 0)
  const rows = fillTable(layers, units)
  const { cost: least, picks: cheapest } = cheapestPlan(layers)
  const lagrangian = createLagrangian(layers)

  function walkBack(from: number): number[] {
    const picks = [...cheapest]
    let left = from
    for (const row of rows.toReversed()) {
      const pick = row.picks[Math.min(left, row.picks.length - 1)]!
      picks[row.layer] = pick
      left -= row.units[pick]!
    }
    return picks
  }

  return {
    solve(budget) {
      requireBudget(layers, budget)
      const headroom = isExact ? 0 : rows.length / 2
      for (let unit = Math.min(top, Math.floor((budget - least) / quantum + headroom)); unit >= 0; unit--) {
        const plan = planOf(layers, walkBack(unit))
        if (plan.cost > budget) continue
        if (isExact) return plan
        const relaxed = lagrangian.solve(budget)
        return relaxed.distortion < plan.distortion ? relaxed : plan
      }
      return lagrangian.solve(budget)
    },
  }
}

/** A row for each layer that has a choice, small layers first: their rows are short, because they cannot spend more. */
function fillTable(layers: readonly LayerChoices[], units: readonly (readonly number[])[]): Row[] {
  const order = layers.flatMap((_, layer) => (units[layer]!.length > 1 ? [layer] : []))
  order.sort((a, b) => units[a]![0]! - units[b]![0]!)
  const top = order.reduce((sum, layer) => sum + units[layer]![0]!, 0)
  let before = new Float64Array(top + 1)
  let after = new Float64Array(top + 1)
  let reach = 0
  return order.map((layer): Row => {
    const own = units[layer]!
    const { distortion } = layers[layer]!
    const last = reach
    reach += own[0]!
    before.fill(before[last]!, last, reach + 1)
    after.fill(Number.POSITIVE_INFINITY, 0, reach + 1)
    const picks = own.length <= 0x100 ? new Uint8Array(reach + 1) : new Uint16Array(reach + 1)
    // From the cheapest choice up, so that of equal ones the cheaper stays.
    for (let pick = own.length - 1; pick >= 0; pick--) choose(before, after, picks, own[pick]!, distortion[pick]!, pick)
    ;[before, after] = [after, before]
    return { layer, units: own, picks }
  })
}

/** The inner loop: `pick` where it is better than what `after` has. */
function choose(
  before: Float64Array,
  after: Float64Array,
  picks: Uint8Array | Uint16Array,
  units: number,
  distortion: number,
  pick: number,
): void {
  for (let unit = units; unit < picks.length; unit++) {
    const total = before[unit - units]! + distortion
    if (total < after[unit]!) {
      after[unit] = total
      picks[unit] = pick
    }
  }
}
