/** What a window gets of a long run's curves: it draws two thousand points of each, and the project keeps them all. */
import type { MetricPoint } from '../shared/domain.ts'
import { downsample } from '../shared/downsample.ts'

/** Points of one curve of one stage that are sent: enough that a smoothed line is still that of all. */
export const sentLimit = 8000

/** The points in their order, of every curve at most `limit`, its smallest and largest values among them. */
export function thinMetrics(points: MetricPoint[], limit = sentLimit): { points: MetricPoint[]; leftOut: number } {
  if (points.length <= limit) return { points, leftOut: 0 }
  const curves = Map.groupBy(points.keys(), at => `${points[at]!.stage} ${points[at]!.name}`)
  const kept = [...curves.values()].flatMap(places => {
    const { indices } = downsample(
      places.map(at => points[at]!.value),
      limit,
    )
    return indices.map(i => places[i]!)
  })
  const sent = kept.sort((a, b) => a - b).map(at => points[at]!)
  return { points: sent, leftOut: points.length - sent.length }
}
