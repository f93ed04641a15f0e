/** Several sparsities, and allocations, from one recipe: a document for each, named after what it changes. */
import { allocations } from '../../../shared/methods.ts'
import { describeStages, type JsonObject, sharePercent, stagesOf, textAt, withValue } from './recipe-document.ts'

export interface Sweep {
  /** Index of the prune stage that is varied. */
  readonly stage: number
  readonly sparsities: readonly number[]
  /** Empty = as the recipe has it. */
  readonly allocations: readonly string[]
}

export function sweepDocuments(document: JsonObject, sweep: Sweep): JsonObject[] {
  const chosen = sweep.allocations.length > 0 ? sweep.allocations : [undefined]
  return chosen.flatMap(allocation =>
    sweep.sparsities.map(sparsity => {
      let varied = withValue(document, ['stages', sweep.stage, 'sparsity'], sparsity) as JsonObject
      if (allocation !== undefined)
        varied = withValue(varied, ['stages', sweep.stage, 'allocation'], allocation) as JsonObject
      return withValue(varied, ['name'], nameOf(document, varied, allocation, sparsity)) as JsonObject
    }),
  )
}

/** A name that described the stages goes on describing them; a name of the person's own gets the values appended. */
function nameOf(document: JsonObject, varied: JsonObject, allocation: string | undefined, sparsity: number): string {
  const name = textAt(document, ['name'])?.trim() ?? ''
  if (name === '' || name === describeStages(stagesOf(document))) return describeStages(stagesOf(varied))
  const labels: Record<string, { label: string } | undefined> = allocations
  const label = allocation === undefined ? '' : `${labels[allocation]?.label ?? allocation} `
  return `${name} · ${label}${sharePercent(sparsity)}`
}

export const pruneStages = (document: JsonObject): number[] =>
  stagesOf(document).flatMap((stage, index) => (stage['use'] === 'prune' ? [index] : []))
