import { createLagrangian } from './lagrangian.ts'
import { cheapestPlan, costOf, type LayerChoices, planOf, type RateSolver, requireBudget } from './rate-choices.ts'

/** Budget units of the table, when the budget is too large for one unit a weight. */
const defaultUnits = 0x20000

/** One layer of the table: the best that it and the rows before it can do. */
interface Row {
  readonly layer: number
  /** Cost above the layer's cheapest choice, in budget units. */
  readonly units: readonly number[]
  readonly distortion: readonly number[]
  /** The choice of this layer where b units are left for it and the rows before it; the last one holds for more. */
  readonly picks: Uint8Array | Uint16Array
  /** The sum of distortions where that is so. */
  readonly best: Float64Array
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
export const createRateSolver = (layers: readonly LayerChoices[], maximumUnits?: number): RateSolver =>
  createRateTables(maximumUnits)(layers)

/**
 * The same for one set of choices after the other, as a floor that is moved gives them: rows are kept up to the first
 * layer that has changed, and layers that change come last from then on. So the first move of a floor fills a part of the
 * table, and the next ones a row. Of plans that are equally good another one may be found than in a fresh table.
 */
export function createRateTables(maximumUnits: number = defaultUnits): (layers: readonly LayerChoices[]) => RateSolver {
  let table: { readonly quantum: number; readonly rows: readonly Row[] } | undefined
  return layers => {
    const { quantum, isExact, units } = quantise(layers, maximumUnits)
    const rows = fillTable(layers, units, table?.quantum === quantum ? table.rows : [])
    table = { quantum, rows }
    return solverOf(layers, { rows, units, quantum, isExact })
  }
}

function quantise(layers: readonly LayerChoices[], maximumUnits: number) {
  const extra = layers.map(layer => layer.zeros.map(zeros => costOf(layer, zeros) - costOf(layer, layer.zeros.at(-1)!)))
  const span = extra.reduce((sum, [most]) => sum + most!, 0)
  const quantum = Math.max(1, Math.ceil(span / maximumUnits))
  const isExact = quantum === 1 && extra.flat().every(Number.isInteger)
  return { quantum, isExact, units: extra.map(costs => costs.map(cost => Math.round(cost / quantum))) }
}

interface Table extends ReturnType<typeof quantise> {
  readonly rows: readonly Row[]
}

function solverOf(layers: readonly LayerChoices[], { rows, units, quantum, isExact }: Table): RateSolver {
  const top = units.reduce((sum, [most]) => sum + most!, 0)
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

/**
 * A row for each layer that has a choice. Those of `before` stand as long as nothing in front of them has changed; then
 * come small layers first, because their rows are short: they cannot spend more.
 */
function fillTable(
  layers: readonly LayerChoices[],
  units: readonly (readonly number[])[],
  before: readonly Row[],
): Row[] {
  const stands = ({ layer, ...row }: Row) =>
    layer < layers.length && isEqual(row.units, units[layer]!) && isEqual(row.distortion, layers[layer]!.distortion)
  const changed = new Set(before.flatMap(row => (stands(row) ? [] : [row.layer])))
  const firstChanged = before.findIndex(({ layer }) => changed.has(layer))
  const rows = firstChanged < 0 ? [...before] : before.slice(0, firstChanged)
  const done = new Set(rows.map(({ layer }) => layer))
  const left = layers.flatMap((_, layer) => (units[layer]!.length > 1 && !done.has(layer) ? [layer] : []))
  left.sort((a, b) => Number(changed.has(a)) - Number(changed.has(b)) || units[a]![0]! - units[b]![0]!)
  for (const layer of left) rows.push(fillRow(layer, units[layer]!, layers[layer]!.distortion, rows.at(-1)))
  return rows
}

const isEqual = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((value, i) => value === b[i])

function fillRow(layer: number, units: readonly number[], distortion: readonly number[], last: Row | undefined): Row {
  const old = last?.best ?? new Float64Array(1)
  const reach = old.length - 1 + units[0]!
  const before = new Float64Array(reach + 1)
  before.set(old)
  before.fill(old.at(-1)!, old.length)
  const best = new Float64Array(reach + 1).fill(Number.POSITIVE_INFINITY)
  const picks = units.length <= 0x100 ? new Uint8Array(reach + 1) : new Uint16Array(reach + 1)
  // From the cheapest choice up, so that of equal ones the cheaper stays.
  for (let pick = units.length - 1; pick >= 0; pick--)
    choose(before, best, picks, units[pick]!, distortion[pick]!, pick)
  return { layer, units, distortion, picks, best }
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
