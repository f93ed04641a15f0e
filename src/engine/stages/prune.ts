import { prunableParameters, trainableParameters } from '../../core/graph/cost.ts'
import type { Model } from '../../core/graph/model.ts'
import type { Pruned } from '../../core/pruning/prune.ts'
import { floorShare } from '../../core/pruning/share.ts'
import { layerSparsity } from '../../core/pruning/sparsity.ts'
import { deriveSeed } from '../../core/random.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { StageOf } from '../../shared/stages.ts'
import type { Training } from '../../shared/training.ts'
import type { TrainableModel } from '../compile/training.ts'
import { distortionResult, goneOf, measureDistortion, needsCurves, unmeasured } from '../distortion/for-stage.ts'
import type { StageContext, StageRunner } from '../stage-runner.ts'
import { train } from '../training/loop.ts'
import { programOptions } from '../training/options.ts'
import { planOf } from '../training/plan.ts'
import { countZeros, meanGradients, needsGradients, pruneTo, requireChange } from '../training/pruner.ts'

/** At once and on the host; or step by step in the graph that trains the rest meanwhile. */
export const prune: StageRunner<'prune'> = async (stage, context) => {
  const { train: training, ...settings } = stage
  requireReachable(settings, context)
  if (training) return pruneWhileTraining(settings, training, context)
  const { model, seed } = context
  const gradients = needsGradients(stage) ? await gradientsOf(stage, context) : undefined
  const given = { seed, ...(gradients && { gradients }) }
  const measured = needsCurves(stage) ? { model, compiled: context.compiled(), ...given } : undefined
  const distortion = measured && (await measureDistortion(stage, measured, context, context.step))
  const pruned = pruneTo(model, stage.sparsity, stage, { ...given, ...(distortion && { distortion }) })
  requireChange(pruned, stage.sparsity)
  const said = distortion && (await distortionResult(stage, measured!, distortion, context, context.step))
  context.model = pruned.model
  return { ...resultOf(pruned.model, stage), ...said }
}

/** What cannot be reached, or would change nothing, is said before hours of work: by magnitudes, which cost nothing. */
function requireReachable(stage: Settings, { model, seed }: StageContext): void {
  const distortion = needsCurves(stage) ? { distortion: unmeasured(stage, model) } : {}
  requireChange(
    pruneTo(model, stage.sparsity, { ...stage, score: 'magnitude' }, { seed, ...distortion }),
    stage.sparsity,
  )
}

type Settings = Omit<StageOf<'prune'>, 'train'>

function resultOf(model: Model, { budget }: Settings) {
  const { zeros, weights } = countZeros(model)
  const { gone, total } = goneOf(model, 'macs')
  return {
    zeros,
    weights,
    sparsity: zeros / weights,
    layers: layerSparsity(model.graph, model.weights),
    ...(budget === 'macs' && { macs: { total, nonzero: total - gone } }),
  }
}

/** In a graph that is compiled for nothing else: nothing is trained here. */
function gradientsOf(stage: Settings, context: StageContext) {
  const { graph, masks } = context.model
  const compiled = context.trainable({
    precision: 'f32',
    optimizer: { kind: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 },
    labelSmoothing: 0,
    trained: new Set(prunableParameters(graph)),
    masked: new Set(masks.keys()),
  })
  return meanGradients(stage, compiled, context, { batch: gradientBatch, key: 0 })
}

const gradientBatch = 128

/** Zeros per layer are told this often where they grow with every step. */
const snapshotsPerEpoch = 20

async function pruneWhileTraining(stage: Settings, training: Training, context: StageContext) {
  const { graph } = context.model
  const trained = new Set(trainableParameters(graph))
  const compiled = context.trainable(programOptions(training, trained, new Set(prunableParameters(graph))))
  const { gone, total } = goneOf(context.model, stage.budget)
  const from = gone / total
  const said = needsCurves(stage) ? await measureFirst(stage, compiled, training.batch, context) : undefined
  let stepsPerSnapshot = 1
  const { model, ...outcome } = await train(context, {
    training,
    compiled,
    trained,
    seed: deriveSeed(context.seed, 'prune', context.occurrence),
    planFor(steps) {
      const prunesEachStep = stage.schedule.kind === 'gradual' && stage.schedule.per === 'step'
      stepsPerSnapshot = prunesEachStep ? Math.ceil(steps / snapshotsPerEpoch) : 1
      return planOf(stage, { from, epochs: training.epochs, steps })
    },
    settings: { ...stage, training },
    async prune(current, sparsity, step) {
      if (isReached(current, sparsity, stage)) return current.masks
      const given = await givenTo(stage, current, compiled, context, { batch: training.batch, key: step })
      const pruned = tryPrune(current, sparsity, stage, given)
      if (!pruned) return current.masks
      compiled.assignMasks(pruned.model.masks)
      const at = Math.max(step, 1)
      if (step % stepsPerSnapshot === 0 || sparsity === stage.sparsity) context.record.layers(at, pruned.layers)
      context.record.points(at, { sparsity: pruned.zeros / pruned.weights })
      return pruned.model.masks
    },
  })
  context.model = model
  return { ...resultOf(model, stage), ...outcome, ...said }
}

/**
 * What the stage says of distortion is of the model as it found it: so it is the same where it goes on after a stop. The
 * rounds measure anew.
 */
async function measureFirst(stage: Settings, compiled: TrainableModel, batch: number, context: StageContext) {
  const { model } = context
  const { distortion, ...given } = await givenTo(stage, model, compiled, context, { batch, key: 0 })
  return distortionResult(stage, { model, compiled, ...given }, distortion!, context, context.breathe)
}

/** What ranking and sharing out need to know of the model in `compiled`. */
async function givenTo(
  stage: Settings,
  model: Model,
  compiled: TrainableModel,
  context: StageContext,
  samples: { readonly batch: number; readonly key: number },
): Promise<Parameters<typeof pruneTo>[3]> {
  const gradients = needsGradients(stage) ? await meanGradients(stage, compiled, context, samples) : undefined
  const given = { seed: context.seed, ...(gradients && { gradients }) }
  if (!needsCurves(stage)) return given
  const distortion = await measureDistortion(stage, { model, compiled, ...given }, context, context.breathe)
  return { ...given, distortion }
}

function isReached(model: Model, sparsity: number, { budget }: Settings): boolean {
  const { gone, total } = goneOf(model, budget)
  return floorShare(sparsity, total) <= gone
}

/**
 * A target on the way there may leave a layer less zeros than it has, where the model began with them; then nothing is due
 * yet. That the end of the way can be reached is known.
 */
function tryPrune(...args: Parameters<typeof pruneTo>): Pruned | undefined {
  const [, sparsity, { sparsity: target }] = args
  try {
    return pruneTo(...args)
  } catch (thrown) {
    if (sparsity < target && thrown instanceof EspalierError && thrown.code === 'prune.infeasible') return
    throw thrown
  }
}
