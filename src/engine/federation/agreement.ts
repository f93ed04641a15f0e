import type { Weights } from '../../core/graph/model.ts'
import type { Carried } from './exchange.ts'

/**
 * Of the weights `names` that at least one client sent, the mean share of clients that sent them; undefined where everybody
 * sent everything. `began` is what they got, which they did not send again.
 */
export function agreementOf(
  updates: readonly Weights[],
  began: Weights,
  names: readonly string[],
  carried: Carried,
): number | undefined {
  let [sent, places, union] = [0, 0, 0]
  for (const name of names) {
    const before = began.get(name)!
    const counts = new Uint32Array(before.length)
    for (const update of updates) {
      const values = update.get(name)!
      for (let i = 0; i < counts.length; i++) if (values[i] !== (carried === 'values' ? 0 : before[i])) counts[i]!++
    }
    places += counts.length
    for (let i = 0; i < counts.length; i++) {
      sent += counts[i]!
      if (counts[i]! > 0) union++
    }
  }
  if (updates.length < 2 || union === 0 || sent === places * updates.length) return
  return sent / (union * updates.length)
}
