/** What stays the same in a federation from its first round to its last. */

import { narrowPart } from '../../core/federation/narrow.ts'
import { participants } from '../../core/federation/participation.ts'
import type { PayloadLayout } from '../../core/federation/payload.ts'
import { strategies } from '../../core/federation/strategies.ts'
import type { ClientTerms, Strategy } from '../../core/federation/strategy.ts'
import { prunableParameters, trainableParameters } from '../../core/graph/cost.ts'
import type { Masks } from '../../core/graph/model.ts'
import { deriveSeed } from '../../core/random.ts'
import type { LearningRate } from '../../core/training/learning-rate.ts'
import { epochOrder } from '../../core/training/order.ts'
import type { StrategySettings } from '../../shared/federation.ts'
import type { StageOf } from '../../shared/stages.ts'
import type { TrainableModel } from '../compile/training.ts'
import type { Selection, StageContext } from '../stage-runner.ts'
import { learningRateOf, programOptions } from '../training/options.ts'
import { layoutOf } from './exchange.ts'
import { holdersOf, keepsOf, type Scales, speedsOf, widthsOf } from './holders.ts'
import type { RunningMode } from './mode.ts'
import { startMode } from './modes.ts'

export interface Setting extends Scales {
  readonly stage: StageOf<'federate'>
  /** Whether this is the unpruned twin; its metrics have names of their own, and it is the first half of the work. */
  readonly isTwin: boolean
  readonly context: StageContext
  readonly compiled: TrainableModel
  readonly mode: RunningMode
  readonly masks: Masks
  readonly strategy: Omit<Strategy, 'terms'>
  readonly terms: ClientTerms
  readonly rates: LearningRate
  readonly seed: number
  readonly training: Selection
  /** Samples of each client that takes part: a single one, where everything is in one place. */
  readonly holders: readonly Int32Array[]
  /** What each client holds of every parameter; undefined where all have everything. */
  readonly parts: readonly Masks[] | undefined
  readonly validation: Selection | undefined
  /** Validation samples that clients are scored on; undefined where they are not. */
  readonly clientScoring: Selection | undefined
  /** Names of all parameters but running statistics, and of these. */
  readonly trained: readonly string[]
  readonly statistics: readonly string[]
  readonly prunable: readonly string[]
  /** What travels, each way, of the model and of control variates. */
  readonly up: PayloadLayout
  readonly down: PayloadLayout
  readonly variates: PayloadLayout
  /** Whether anything travels at all. */
  readonly isFederated: boolean
}

/** The clients of a round, ascending. */
export const clientsOf = ({ stage, seed, holders }: Setting, round: number): number[] =>
  participants(holders.length, stage.participation, seed, round)

export const clientSeed = ({ seed }: Setting, round: number, client: number): number =>
  deriveSeed(seed, 'client', round, client)

/** Reads the partition and compiles. Throws `argument.invalid`, `file.*`. */
export async function settle(
  stage: StageOf<'federate'>,
  context: StageContext,
  { seed, isTwin }: Pick<Setting, 'seed' | 'isTwin'>,
): Promise<Setting> {
  const { graph } = context.model
  const strategy = strategies[stage.strategy.kind] as Strategy<StrategySettings>
  const terms = strategy.terms(stage.strategy)
  const training = context.select('train')
  const divided = await holdersOf(stage, training, seed)
  const trained = trainableParameters(graph)
  const statistics = Object.keys(graph.parameters).filter(name => !trained.includes(name))
  const masks = context.model.masks
  const validation = context.validation()
  const holders = strategy.pooled ? [training.indices] : divided
  const prunable = prunableParameters(graph)
  const keeps = keepsOf(stage, seed)
  const widths = widthsOf(stage, seed)
  const { batch } = stage
  const mode = startMode(stage.pruning, { graph, prunable, training, holders, keeps, batch, seed, context })
  const isFederated = !strategy.pooled && strategy.beginsWith === 'server'
  const compiled = context.trainable({
    ...programOptions(stage, new Set(trained), new Set(masks.keys())),
    ...mode.programs,
    ...(widths && { updateMasked: new Set(trained) }),
    ...((terms.proximal > 0 || terms.variates) && {
      terms: { proximal: terms.proximal, corrected: terms.variates },
    }),
  })
  const sent = stage.batchNorm === 'averaged' ? [...trained, ...statistics] : trained
  return {
    stage,
    isTwin,
    context,
    compiled,
    mode,
    masks,
    strategy,
    terms,
    rates: learningRateOf({ ...stage, epochs: stage.rounds * stage.localEpochs }),
    seed,
    training,
    holders,
    speeds: strategy.pooled ? [1] : speedsOf(stage, seed),
    keeps,
    widths,
    parts: widths?.map(width => narrowPart(graph, width)),
    validation,
    clientScoring: clientScoring(validation, stage.clientSamples, seed),
    trained,
    statistics,
    prunable,
    up: layoutOf(graph, sent),
    // Clients get what makes the model complete, unless each has its own.
    down: layoutOf(graph, stage.batchNorm === 'local' ? trained : [...trained, ...statistics]),
    variates: layoutOf(graph, terms.variates ? trained : []),
    isFederated,
  }
}

function clientScoring(validation: Selection | undefined, count: number, seed: number): Selection | undefined {
  if (!validation || count === 0) return
  const chosen = epochOrder(validation.indices, deriveSeed(seed, 'client-samples'), 0).subarray(0, count)
  return { split: validation.split, indices: chosen.slice().sort() }
}
