/** One layer of a run's model for a look at its weights: in the project, or in the state of a training that is under way. */
import { prunableLayers } from '../core/graph/cost.ts'
import { histogram } from '../core/statistics/histogram.ts'
import { readSavedKernel } from '../engine/training/state-file.ts'
import { modelFromBytes } from '../formats/model-file.ts'
import type { LayerWeights, RunSummary } from '../shared/domain.ts'
import { EspalierError } from '../shared/errors.ts'
import { stateFolder } from './directories.ts'
import type { Project } from './project/project.ts'

const bins = 60
/** Weights of which a picture can still be drawn and sent. */
const mostInPicture = 8_000_000

/**
 * Of the stage in training as its state was saved last, else after the last finished stage that changed the model; null
 * before there is one. Throws `not-found`.
 */
export async function layerWeights(project: Project, run: RunSummary, layer: string): Promise<LayerWeights | null> {
  const under = run.stages.find(({ state }) => state !== 'finished')
  if (!under || under.state === 'waiting') return finishedWeights(project, run, layer)
  const { index } = under
  const look = () => readSavedKernel(stateFolder(project.path, run.id), { stage: index, layer })
  // A state that was replaced while it was read is read once more.
  const saved = await look()
    .catch(look)
    .catch(() => undefined)
  if (!saved) return finishedWeights(project, run, layer)
  const { dims, values, epoch, step } = saved
  return { stage: index, saved: { epoch, step }, ...describe(dims, values) }
}

function finishedWeights(project: Project, run: RunSummary, name: string): LayerWeights | null {
  const { stage, bytes } = project.read(() => {
    const stage = project.stages.finishedOf(run.id).findLast(({ weights }) => weights !== null)
    return { stage, bytes: stage?.weights && project.weights.get(stage.weights) }
  })
  if (!stage || !bytes) return null
  const { graph, weights } = modelFromBytes(bytes, `the model of run ${run.number}`)
  const layer = prunableLayers(graph).find(other => other.name === name)
  if (!layer) {
    throw new EspalierError({
      code: 'not-found',
      message: `The model of run ${run.number} has no prunable layer "${name}".`,
    })
  }
  return { stage: stage.position, ...describe(graph.parameters[layer.kernel]!.dims, weights.get(layer.kernel)!) }
}

function describe(dims: readonly number[], values: Float32Array): Omit<LayerWeights, 'stage'> {
  const nonzero = values.filter(value => value !== 0)
  return {
    dims: [...dims],
    zeros: values.length - nonzero.length,
    histogram: toPlain(histogram(nonzero, bins)),
    mask: values.length > mostInPicture ? null : Buffer.from(nonzeroBits(values)).toString('base64'),
  }
}

const toPlain = ({ low, high, counts }: ReturnType<typeof histogram>) => ({ low, high, counts: [...counts] })

function nonzeroBits(values: Float32Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8))
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) bits[i >> 3]! |= 1 << (i & 7)
  return bits
}
