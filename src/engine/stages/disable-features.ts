import { countFeatures, disableFeatures as disable, normsOf } from '../../core/features.ts'
import type { Model } from '../../core/graph/model.ts'
import { batchNormParameters } from '../../core/training/trainable.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { StageRunner } from '../stage-runner.ts'
import { countZeros } from '../training/pruner.ts'
import { validate } from '../training/validate.ts'

export const disableFeatures: StageRunner<'disable-features'> = async ({ threshold, split, batch }, context) => {
  const { model } = context
  batchNormParameters(model)
  const counts = countFeatures(model.graph, model.weights, threshold)!
  const disabled = disable(model, threshold)
  if (!hasOtherGammas(model, disabled)) throw nothingToDisable(model, threshold)
  const selection = context.select(split)
  const total = selection.indices.length
  let done = 0
  const score = async () => {
    const { top1, loss } = await validate(context.compiled(), selection, batch, context, async () => {
      done += batch
      await context.step(Math.min(done, 2 * total), 2 * total)
    })
    return { correct: Math.round(top1 * total), top1, loss }
  }
  const before = await score()
  context.model = disabled
  const after = await score()
  return { ...counts, split, total, before, after, ...countZeros(disabled) }
}

const hasOtherGammas = (before: Model, after: Model) =>
  normsOf(before.graph).some(({ gamma }) =>
    before.weights.get(gamma)!.some((value, i) => value !== after.weights.get(gamma)![i]),
  )

function nothingToDisable({ graph, weights }: Model, threshold: number): EspalierError {
  const sizes = normsOf(graph).flatMap(({ gamma }) => [...weights.get(gamma)!].map(Math.abs))
  const others = sizes.filter(size => size > 0)
  return new EspalierError({
    code: 'stage.no-change',
    message:
      others.length > 0
        ? `No gamma is below ${threshold}: the smallest that is not zero is ${Math.min(...others).toPrecision(3)}.`
        : `All ${sizes.length} gammas are zero already.`,
    rule: 'A stage that changes nothing stops the run.',
    hint: others.length > 0 ? 'Choose a larger threshold, or leave the stage out.' : 'Leave the stage out.',
  })
}
