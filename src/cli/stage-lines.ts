/** What a finished stage says to a person: one function a stage. */
import type { StageOutcome, StageResultOf, StageUse } from '../shared/stages.ts'
import { count, percent, table } from './format.ts'

const lines: { readonly [Use in StageUse]: (result: StageResultOf<Use>) => string[] } = {
  evaluate: ({ split, correct, total, top1, top5, loss, zeros, weights }) => [
    `${split}: ${count(correct)} of ${count(total)} right, top-1 ${percent(top1)}, top-5 ${percent(top5)}, loss ${loss.toFixed(4)}`,
    `${count(zeros)} of ${count(weights)} weights are zero (${percent(zeros / weights)})`,
  ],
  prune: ({ zeros, weights, sparsity, layers }) => [
    `${count(zeros)} of ${count(weights)} weights are zero (${percent(sparsity)})`,
    ...table(
      [
        { title: 'layer', text: layer => layer.name },
        { title: 'weights', text: layer => count(layer.weights), right: true },
        { title: 'zeros', text: layer => count(layer.zeros), right: true },
        { title: 'sparsity', text: layer => percent(layer.zeros / layer.weights), right: true },
      ],
      layers,
    ).map(line => `  ${line}`),
  ],
}

export function linesOf<Use extends StageUse>({ use, result }: Extract<StageOutcome, { use: Use }>): string[] {
  return (lines[use as Use] as (result: unknown) => string[])(result)
}
