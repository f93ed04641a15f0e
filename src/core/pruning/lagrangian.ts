import { cheapestPlan, costOf, type LayerChoices, planOf, type RateSolver, requireBudget } from './rate-choices.ts'

/** Of one layer, down the lower convex hull of its choices. */
export interface HullStep {
  readonly layer: number
  /** The choice that the step leads to. */
  readonly pick: number
  readonly cost: number
  /** Distortion. */
  readonly saved: number
  /** For each unit of cost. */
  readonly slope: number
}

/**
 * Solves by the Lagrangian relaxation (Everett 1963; Shoham and Gersho 1988): each layer minimises distortion + lambda x cost, for the
 * smallest lambda that keeps the budget. As lambda falls, a layer steps down the lower convex hull of its choices, and all
 * steps together come in the order of their slopes: so the steps are sorted once and taken as far as the budget goes,
 * which gives what a bisection on lambda would end at. The best there is for the cost that it ends at; choices above
 * the hull, and what is then left of the budget, are out of its reach.
 */
export function createLagrangian(layers: readonly LayerChoices[]): RateSolver {
  const steps = hullSteps(layers)
  return {
    solve(budget) {
      requireBudget(layers, budget)
      const cheapest = cheapestPlan(layers)
      const picks = [...cheapest.picks]
      let { cost } = cheapest
      for (const step of steps) {
        cost += step.cost
        if (cost > budget) break
        picks[step.layer] = step.pick
      }
      return planOf(layers, picks)
    },
  }
}

/** All steps from the most zeros to the smallest distortion, in the order of their slopes. */
export const hullSteps = (layers: readonly LayerChoices[]): HullStep[] =>
  layers.flatMap(stepsDown).sort((a, b) => b.slope - a.slope)

/** Andrew's monotone chain (1979). */
function stepsDown(layer: LayerChoices, index: number): HullStep[] {
  const { zeros, distortion } = layer
  const step = (from: number, to: number): HullStep => {
    const cost = costOf(layer, zeros[to]!) - costOf(layer, zeros[from]!)
    const saved = distortion[from]! - distortion[to]!
    return { layer: index, pick: to, cost, saved, slope: saved / cost }
  }
  const hull: number[] = []
  for (let i = zeros.length - 1; i >= 0; i--) {
    while (hull.length > 1 && step(hull.at(-2)!, hull.at(-1)!).slope <= step(hull.at(-1)!, i).slope) hull.pop()
    hull.push(i)
  }
  return hull
    .slice(1)
    .map((to, i) => step(hull[i]!, to))
    .filter(({ slope }) => slope > 0)
}
