/** What a person asks of single layers while a target is solved: floors and locks, as a recipe writes them. */

export type Constraint =
  | { readonly kind: 'dense' }
  /** This share of its weights is zero. */
  | { readonly kind: 'fixed'; readonly share: number }
  /** It keeps at least this: a whole number of weights, or below 1 a share of them. */
  | { readonly kind: 'least'; readonly keep: number }

export type Constraints = Readonly<Record<string, Constraint>>

export interface FloorsAndLocks {
  readonly floors?: Record<string, number>
  readonly locks?: Record<string, number>
}

export function toFloorsAndLocks(constraints: Constraints): Required<FloorsAndLocks> {
  const floors: Record<string, number> = {}
  const locks: Record<string, number> = {}
  for (const [layer, constraint] of Object.entries(constraints)) {
    if (constraint.kind === 'least') floors[layer] = constraint.keep
    else locks[layer] = constraint.kind === 'dense' ? 0 : constraint.share
  }
  return { floors, locks }
}

/** A lock beats a floor of the same layer, as it does for the solver. */
export function toConstraints({ floors = {}, locks = {} }: FloorsAndLocks): Constraints {
  const least = Object.entries(floors).map(([layer, keep]) => [layer, { kind: 'least', keep }] as const)
  const fixed = Object.entries(locks).map(
    ([layer, share]) => [layer, share === 0 ? { kind: 'dense' } : { kind: 'fixed', share }] as const,
  )
  return Object.fromEntries([...least, ...fixed])
}
