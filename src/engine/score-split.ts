/** What the stage `evaluate` does, for stages that score models on their way too. */
import { prunableParameters } from '../core/graph/cost.ts'
import type { Graph } from '../core/graph/model.ts'
import { layerSparsity } from '../core/pruning/sparsity.ts'
import { batches } from '../formats/batches.ts'
import { EspalierError } from '../shared/errors.ts'
import type { CompiledModel } from './compile/compiled-model.ts'
import type { StageRunner } from './stage-runner.ts'

/** Scores every sample of a split once, in batches. Throws `run.not-finite`. */
export const scoreSplit: StageRunner<'evaluate'> = async ({ split: name, batch: batchSize }, context) => {
  const { dataset, signal } = context
  const { split, indices } = context.select(name)
  const compiled = context.compiled()
  const classes = dataset.classes.map(label => ({ name: label, correct: 0, total: 0 }))
  const sums = { loss: 0, top1: 0, top5: 0 }
  let done = 0
  for await (const { samples, labels, count } of batches(split, indices, batchSize, dataset, signal)) {
    const score = compiled.evaluate(samples, labels)
    if (!Number.isFinite(score.loss)) throw notFinite(score.loss, done, count)
    sums.loss += score.loss
    sums.top1 += score.top1
    sums.top5 += score.top5
    for (const [i, label] of labels.entries()) {
      const entry = classes[label]!
      entry.total++
      if (score.predictions[i] === label) entry.correct++
    }
    done += count
    await context.step(done, indices.length)
  }
  return {
    correct: sums.top1,
    total: done,
    top1: sums.top1 / done,
    top5: sums.top5 / done,
    loss: sums.loss / done,
    split: name,
    ...countScored(compiled.graph, compiled),
    classes,
  }
}

/** Zeros as they stand in the session: of the weights that were scored, not of a copy of them. */
function countScored(graph: Graph, compiled: CompiledModel): { zeros: number; weights: number } {
  const layers = layerSparsity(graph, compiled.readAll(prunableParameters(graph)))
  return {
    zeros: layers.reduce((sum, layer) => sum + layer.zeros, 0),
    weights: layers.reduce((sum, layer) => sum + layer.weights, 0),
  }
}

function notFinite(loss: number, from: number, count: number): EspalierError {
  return new EspalierError({
    code: 'run.not-finite',
    message: `The loss of samples ${from + 1} to ${from + count} is ${loss}.`,
    rule: 'A model can be scored only where its logits are finite numbers.',
    hint: 'Check the checkpoint, and that the normalisation is the one it was trained with.',
  })
}
