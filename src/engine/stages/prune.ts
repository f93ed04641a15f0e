import { prunableParameters, trainableParameters } from '../../core/graph/cost.ts'
import type { Model } from '../../core/graph/model.ts'
import type { Pruned } from '../../core/pruning/prune.ts'
import { floorShare } from '../../core/pruning/share.ts'
import { layerSparsity } from '../../core/pruning/sparsity.ts'
import { deriveSeed } from '../../core/random.ts'
import { modelFileSize } from '../../formats/model-file.ts'
import { EspalierError } from '../../shared/errors.ts'
import { type StageOf, stages as stageTable } from '../../shared/stages.ts'
import type { Training } from '../../shared/training.ts'
import type { TrainableModel } from '../compile/training.ts'
import {
  curvesOf,
  distortionResult,
  goneOf,
  measureDistortion,
  needsCurves,
  unmeasured,
} from '../distortion/for-stage.ts'
import { fileSizes, requireSmaller, sparsityForAccuracy, sparsityForFileSize, stepAbove } from '../pruning-target.ts'
import { scoreSplit } from '../score-split.ts'
import type { StageContext, StageRunner } from '../stage-runner.ts'
import { train } from '../training/loop.ts'
import { programOptions } from '../training/options.ts'
import { planOf } from '../training/plan.ts'
import { countZeros, meanGradients, needsGradients, pruneTo, requireChange } from '../training/pruner.ts'

/** At once and on the host; or step by step in the graph that trains the rest meanwhile. */
export const prune: StageRunner<'prune'> = async (written, context) => {
  const { train: training, ...asked } = written
  if (asked.sparsity !== undefined || asked.target?.kind === 'file-size')
    requireReachable(settled(asked, context), context)
  const search = asked.target?.kind === 'accuracy' ? await searchAccuracy(asked, asked.target, context) : undefined
  const stage = search ? { ...asked, sparsity: search.sparsity } : settled(asked, context)
  const probes = search && { probes: search.probes }
  if (training) return { ...(await pruneWhileTraining(stage, training, context)), ...probes }
  const { model } = context
  const given = search?.given ?? (await givenBefore(stage, context))
  const pruned = pruneTo(model, stage.sparsity, stage, given)
  requireChange(pruned, stage.sparsity)
  const { distortion, gradients } = given
  const measured = distortion && { model, compiled: context.compiled(), ...(gradients && { gradients }) }
  const said = measured && (await distortionResult(stage, measured, distortion, context, tellPart(context, checking)))
  context.model = pruned.model
  return { ...resultOf(pruned.model), ...probes, ...said }
}

type Asked = Omit<StageOf<'prune'>, 'train'>
/** With the sparsity that it goes to. */
type Settings = Asked & { readonly sparsity: number }
type Given = Parameters<typeof pruneTo>[3]

/** Where sparsity is given or follows from the size of a file. */
function settled(stage: Asked, { model, seed }: StageContext): Settings {
  const { sparsity, target } = stage
  if (sparsity !== undefined) return { ...stage, sparsity }
  if (target?.kind !== 'file-size') throw new Error('a stage has a sparsity or a target')
  requireSmaller(fileSizeOf(model), target)
  const zerosAt = (share: number) =>
    pruneTo(model, share, byMagnitude(stage), unmeasuredGiven(stage, model, seed)).zeros
  return { ...stage, sparsity: sparsityForFileSize(fileSizes(model), target, zerosAt, countZeros(model).zeros) }
}

/** What cannot be reached, or would change nothing, is said before hours of work: by magnitudes, which cost nothing. */
function requireReachable(stage: Settings, { model, seed }: StageContext): void {
  const { sparsity } = stage
  requireChange(pruneTo(model, sparsity, byMagnitude(stage), unmeasuredGiven(stage, model, seed)), sparsity)
}

const byMagnitude = (stage: Asked): Asked => ({ ...stage, score: 'magnitude' })

function unmeasuredGiven(stage: Asked, model: Model, seed: number): Given {
  return { seed, ...(needsCurves(stage) && { distortion: unmeasured(stage, model) }) }
}

/** What ranking and sharing out need to know of the model as the stage finds it. */
async function givenBefore(stage: Asked, context: StageContext): Promise<Given> {
  const { model, seed } = context
  const gradients = needsGradients(stage) ? await gradientsOf(stage, context) : undefined
  const given = { seed, ...(gradients && { gradients }) }
  if (!needsCurves(stage)) return given
  const distortion = await measureDistortion(
    stage,
    { model, compiled: context.compiled(), ...given },
    context,
    tellPart(context, measuring),
  )
  return { ...given, distortion }
}

const measuring = 'measuring curves'
const checking = 'checking additivity'

/** Counts a part of the stage apart from the rest. */
const tellPart = (context: StageContext, part: string) => (done: number, total: number) =>
  context.step(done, total, { part })

/** Each sparsity that is tried costs an allocation from the same curves, and a pass over the validation samples. */
async function searchAccuracy(
  stage: Asked,
  target: Extract<NonNullable<Asked['target']>, { kind: 'accuracy' }>,
  context: StageContext,
) {
  const { model } = context
  const { target: _, ...rest } = stage
  const alone = { ...rest, schedule: { kind: 'one-shot' as const }, additivity: 0 }
  const { gone, total: all } = goneOf(model, stage.budget)
  // Floors and locks that cannot be kept are said before anything is measured.
  if (needsCurves(stage))
    pruneTo(model, stepAbove(gone / all), byMagnitude(stage), unmeasuredGiven(stage, model, context.seed))
  const given = await givenBefore(stage, context)
  const scored = (candidate: Model) =>
    scoreSplit(scoreValidation, {
      ...context,
      model: candidate,
      compiled: () => context.compiled(candidate),
      step: context.breathe,
    })
  const { correct: before, total } = await scored(model)
  const found = await sparsityForAccuracy(target, {
    total,
    before,
    from: gone / all,
    prune: sparsity => tryPrune(model, sparsity, stage, given),
    async score(pruned, sparsity) {
      const began = performance.now()
      const result = await scored(pruned.model)
      const seconds = (performance.now() - began) / 1000
      const changed = { ...resultOf(pruned.model), ...(given.distortion && { curves: curvesOf(given.distortion) }) }
      // A run that changes nothing is none.
      if (pruned.newlyMasked > 0)
        await context.probe(pruned.model, [
          { stage: { ...alone, sparsity }, outcome: { use: 'prune', result: changed }, seconds: 0 },
          { stage: scoreValidation, outcome: { use: 'evaluate', result }, seconds },
        ])
      return result.correct
    },
  })
  return { ...found, given }
}

const scoreValidation = stageTable.evaluate.schema.parse({ use: 'evaluate', split: 'validation' })

function resultOf(model: Model) {
  const { zeros, weights } = countZeros(model)
  const { gone, total } = goneOf(model, 'macs')
  return {
    zeros,
    weights,
    sparsity: zeros / weights,
    layers: layerSparsity(model.graph, model.weights),
    bytes: { file: fileSizeOf(model), dense: modelFileSize(model, new Map()) },
    macs: { total, nonzero: Math.round(total - gone) },
  }
}

function fileSizeOf(model: Model): number {
  const zeros = (mask: Uint8Array) => mask.reduce((sum, bit) => sum + 1 - bit, 0)
  return modelFileSize(model, new Map([...model.masks].map(([name, mask]) => [name, zeros(mask)])))
}

/** In a graph that is compiled for nothing else: nothing is trained here. */
function gradientsOf(stage: Asked, context: StageContext) {
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
      // A target on the way there may leave a layer less zeros than it has, where the model began with them; then nothing
      // is due yet. That the end of the way can be reached is known.
      const isOnTheWay = sparsity < stage.sparsity
      const pruned = (isOnTheWay ? tryPrune : pruneTo)(current, sparsity, stage, given)
      if (!pruned) return current.masks
      compiled.assignMasks(pruned.model.masks)
      const at = Math.max(step, 1)
      if (step % stepsPerSnapshot === 0 || sparsity === stage.sparsity) context.record.layers(at, pruned.layers)
      context.record.points(at, { sparsity: pruned.zeros / pruned.weights })
      return pruned.model.masks
    },
  })
  context.model = model
  return { ...resultOf(model), ...outcome, ...said }
}

/**
 * What the stage says of distortion is of the model as it found it: so it is the same where it goes on after a stop. The
 * rounds measure anew.
 */
async function measureFirst(stage: Settings, compiled: TrainableModel, batch: number, context: StageContext) {
  const { model } = context
  const { distortion, ...given } = await givenTo(stage, model, compiled, context, { batch, key: 0 })
  const step = tellPart(context, checking)
  return distortionResult(stage, { model, compiled, ...given }, distortion!, context, step)
}

/** What ranking and sharing out need to know of the model in `compiled`. */
async function givenTo(
  stage: Settings,
  model: Model,
  compiled: TrainableModel,
  context: StageContext,
  samples: { readonly batch: number; readonly key: number },
): Promise<Given> {
  const gradients = needsGradients(stage) ? await meanGradients(stage, compiled, context, samples) : undefined
  const given = { seed: context.seed, ...(gradients && { gradients }) }
  if (!needsCurves(stage)) return given
  const step = tellPart(context, measuring)
  const distortion = await measureDistortion(stage, { model, compiled, ...given }, context, step)
  return { ...given, distortion }
}

function isReached(model: Model, sparsity: number, { budget }: Settings): boolean {
  const { gone, total } = goneOf(model, budget)
  return floorShare(sparsity, total) <= gone
}

/** Undefined where the allocation cannot reach it. */
function tryPrune(...args: Parameters<typeof pruneTo>): Pruned | undefined {
  try {
    return pruneTo(...args)
  } catch (thrown) {
    if (thrown instanceof EspalierError && thrown.code === 'prune.infeasible') return
    throw thrown
  }
}
