/** One layer of a run's model as it is kept in the project, for a look at its weights. */
import { prunableLayers } from '../core/graph/cost.ts'
import { histogram } from '../core/statistics/histogram.ts'
import { modelFromBytes } from '../formats/model-file.ts'
import type { LayerWeights, RunSummary } from '../shared/domain.ts'
import { EspalierError } from '../shared/errors.ts'
import type { Project } from './project/project.ts'

const bins = 60
/** Weights of which a picture can still be drawn and sent. */
const mostInPicture = 8_000_000

/** After the last finished stage of the run that changed the model; null before there is one. Throws `not-found`. */
export function layerWeights(project: Project, run: RunSummary, name: string): LayerWeights | null {
  const stage = project.stages.finishedOf(run.id).findLast(({ weights }) => weights !== null)
  const bytes = stage?.weights && project.weights.get(stage.weights)
  if (!stage || !bytes) return null
  const { graph, weights } = modelFromBytes(bytes, `the model of run ${run.number}`)
  const layer = prunableLayers(graph).find(other => other.name === name)
  if (!layer) {
    throw new EspalierError({
      code: 'not-found',
      message: `The model of run ${run.number} has no prunable layer "${name}".`,
    })
  }
  const values = weights.get(layer.kernel)!
  const nonzero = values.filter(value => value !== 0)
  return {
    stage: stage.position,
    dims: [...graph.parameters[layer.kernel]!.dims],
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
