import type { Output } from '../tensorflow/graph-writer.ts'

/** A term of what a step minimises, over values of the trained graph. */
export interface Loss {
  /** Sum over the batch: float32 scalar. */
  readonly sum: Output
  /** What the sum is made of, by name, where it is recorded: float32 scalars. */
  readonly parts: ReadonlyMap<string, Output>
  /** Gradients of the mean over the batch by the values that the loss reads, by their names. */
  readonly gradients: ReadonlyMap<string, Output>
}

/** Gradients of a sum of losses. */
export function addGradients(
  losses: readonly Loss[],
  add: (gradients: readonly Output[]) => Output,
): Map<string, Output> {
  const all = new Map<string, Output[]>()
  for (const { gradients } of losses)
    for (const [name, gradient] of gradients) all.set(name, [...(all.get(name) ?? []), gradient])
  return new Map([...all].map(([name, gradients]) => [name, add(gradients)]))
}
