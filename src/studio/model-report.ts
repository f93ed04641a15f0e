/** The import report of a checkpoint. */
import { basename } from 'node:path'
import { graphCost } from '../core/graph/cost.ts'
import { layerSparsity } from '../core/pruning/sparsity.ts'
import { checkpointReaders, openCheckpoint } from '../formats/checkpoints.ts'
import { importModel } from '../formats/import-model.ts'
import type { ModelFacts } from './inputs.ts'

/** Opens the checkpoint and finds its architecture; with `architecture` only that one is tried. Throws as the readers do. */
export async function reportModel(path: string, architecture: string | undefined): Promise<ModelFacts> {
  const checkpoint = await openCheckpoint(path)
  const { model, report } = importModel(checkpoint, architecture === undefined ? {} : { architecture })
  const { layers, parameters, prunable, batchNorm, macs } = graphCost(model.graph)
  const sparsityOf = new Map(
    layerSparsity(model.graph, model.weights).map(({ name, weights, zeros }) => [name, { weights, zeros }]),
  )
  return {
    name: basename(path),
    path,
    format: report.format,
    formatLabel: checkpointReaders.find(({ id }) => id === report.format)?.label ?? report.format,
    fingerprint: checkpoint.fingerprint,
    architecture: report.architecture,
    classes: report.classes,
    inputDims: [...report.inputDims],
    parameters,
    prunable,
    batchNorm,
    macs,
    notes: [...report.notes],
    layers: layers.map(layer => ({
      name: layer.name,
      op: layer.op,
      inputDims: [...layer.inputDims],
      outputDims: [...layer.outputDims],
      weightDims: [...(layer.kernel?.dims ?? [])],
      parameters: layer.parameters,
      macs: layer.macs,
      prunable: sparsityOf.get(layer.name) ?? null,
    })),
  }
}
