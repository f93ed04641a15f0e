/** What a prune stage needs of distortion: the curves of a model, and what it says of them afterwards. */
import { graphCost, prunableLayers } from '../../core/graph/cost.ts'
import type { Model, Weights } from '../../core/graph/model.ts'
import { additivity, samplePlans } from '../../core/pruning/additivity.ts'
import { curveFractions, type DistortionRequest, zeroedCounts } from '../../core/pruning/curves.ts'
import { minimumWeights } from '../../core/pruning/minimum-keep.ts'
import { rankLayers } from '../../core/pruning/prune.ts'
import type { Ranking } from '../../core/pruning/ranking.ts'
import { budgetOf, layerChoices } from '../../core/pruning/rate-choices.ts'
import { createRandom, deriveSeed } from '../../core/random.ts'
import { type BudgetKind, curveAllocations, type DistortionCurve } from '../../shared/distortion.ts'
import type { StageOf, StageResultOf } from '../../shared/stages.ts'
import type { CompiledModel } from '../compile/compiled-model.ts'
import type { StageContext } from '../stage-runner.ts'
import { calibrationBatches } from './calibration.ts'
import { distortionCurves } from './curves.ts'
import { jointDistortion } from './joint.ts'

type PruneStage = Omit<StageOf<'prune'>, 'train'>
/** With the sparsity that it goes to. */
type Settled = PruneStage & { readonly sparsity: number }
type DistortionResult = Pick<StageResultOf<'prune'>, 'curves' | 'additivity'>
/** Passes over samples so far and in all; throws to stop. */
type Step = (done: number, total: number) => Promise<void>

export const needsCurves = ({ allocation }: Pick<PruneStage, 'allocation'>): boolean =>
  curveAllocations.includes(allocation)

/** What is measured. */
export interface Subject {
  readonly model: Model
  /** Holds `model`. */
  readonly compiled: CompiledModel
  /** Where the score needs them. */
  readonly gradients?: Weights
}

const requestOf = (
  { curve, monotone, budget, floors, locks }: PruneStage,
  curves: readonly DistortionCurve[],
): DistortionRequest => ({ curves, curve, monotone, budget, ...(floors && { floors }), ...(locks && { locks }) })

const rankingsOf = ({ score }: PruneStage, { model, gradients }: Omit<Subject, 'compiled'>, seed: number): Ranking[] =>
  rankLayers(model, { score, seed, ...(gradients && { gradients }) })

/** Measured, or remembered. */
export async function measureDistortion(
  stage: PruneStage,
  subject: Subject,
  context: StageContext,
  step: Step,
): Promise<DistortionRequest> {
  const curves = await distortionCurves({
    compiled: subject.compiled,
    model: subject.model,
    rankings: rankingsOf(stage, subject, context.seed),
    fractions: curveFractions(stage.fractions),
    calibration: stage.calibration,
    dataset: context.dataset,
    cacheDirectory: context.cacheDirectory,
    signal: context.signal,
    step,
  })
  return requestOf(stage, curves)
}

/** Curves without distortion: enough to see what can be reached, before anything is measured. */
export function unmeasured(stage: PruneStage, { graph, weights }: Model): DistortionRequest {
  const fractions = curveFractions(stage.fractions)
  const curves = prunableLayers(graph).map(({ name, kernel }) => {
    const { length } = weights.get(kernel)!
    const nothing = fractions.map(() => 0)
    return { name, weights: length, fractions, zeroed: zeroedCounts(fractions, length), mean: nothing, worst: nothing }
  })
  return requestOf(stage, curves)
}

/** As a result has them. */
export const curvesOf = ({ curves }: DistortionRequest): DistortionCurve[] =>
  curves.map(({ fractions, zeroed, mean, worst, ...curve }) => ({
    ...curve,
    fractions: [...fractions],
    zeroed: [...zeroed],
    mean: [...mean],
    worst: [...worst],
  }))

/** What the stage says of it. */
export async function distortionResult(
  stage: Settled,
  subject: Subject,
  distortion: DistortionRequest,
  context: StageContext,
  step: Step,
): Promise<DistortionResult> {
  const checked = stage.additivity > 0 && (await checkAdditivity(stage, subject, distortion, context, step))
  return {
    curves: curvesOf(distortion),
    ...(checked && { additivity: checked }),
  }
}

async function checkAdditivity(
  stage: Settled,
  subject: Subject,
  distortion: DistortionRequest,
  context: StageContext,
  step: Step,
): Promise<NonNullable<DistortionResult['additivity']>> {
  const rankings = rankingsOf(stage, subject, context.seed)
  const macs = graphCost(subject.model.graph).layers.flatMap(layer => (layer.kernel ? [layer.macs] : []))
  const known = rankings.map(({ layer, keys, zeros }, i) => ({
    name: layer,
    weights: keys.length,
    zeros,
    macs: macs[i]!,
  }))
  const weights = known.reduce((sum, layer) => sum + layer.weights, 0)
  const layers = layerChoices(known, distortion, minimumWeights(stage.minimumKeep, weights))
  const random = createRandom(deriveSeed(context.seed, 'additivity'))
  const plans = samplePlans(layers, budgetOf(layers, stage.sparsity), stage.additivity, random)
  const { images } = stage.calibration
  let done = 0
  const joint = await jointDistortion({
    ...subject,
    rankings,
    allocations: plans.map(picks => layers.map(({ zeros }, i) => zeros[picks[i]!]!)),
    curve: stage.curve,
    batches: calibrationBatches(context.dataset, stage.calibration, subject.compiled, context.signal),
    async step(samples) {
      done += samples
      await step(done, images * (plans.length + 1))
    },
  })
  const { points, ...summary } = additivity(
    plans.map((picks, i) => ({
      sum: layers.reduce((sum, layer, at) => sum + layer.distortion[picks[at]!]!, 0),
      joint: joint[i]!,
    })),
  )
  return { points: [...points], ...summary }
}

/** How much of the budget's kind is gone from the model. */
export function goneOf({ graph, weights }: Model, budget: BudgetKind): { gone: number; total: number } {
  let [gone, total] = [0, 0]
  for (const { kernel, macs } of graphCost(graph).layers) {
    if (!kernel) continue
    const values = weights.get(kernel.name)!
    const each = budget === 'macs' ? macs / values.length : 1
    for (let i = 0; i < values.length; i++) if (values[i] === 0) gone += each
    total += each * values.length
  }
  return { gone, total: Math.round(total) }
}
