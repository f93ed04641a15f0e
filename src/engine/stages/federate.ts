import { graphCost, nonzeroMacs, prunableLayers } from '../../core/graph/cost.ts'
import { elementCount } from '../../core/graph/dims.ts'
import { gatedMacs } from '../../core/graph/gated-cost.ts'
import type { Graph } from '../../core/graph/model.ts'
import { layerSparsity } from '../../core/pruning/sparsity.ts'
import { type FederationResult, type Holder, targetReached } from '../../shared/federation.ts'
import type { LayerSparsity } from '../../shared/stage.ts'
import type { StageOf } from '../../shared/stages.ts'
import { type FederationOutcome, runFederation } from '../federation/federation.ts'
import { describeHolders, federationSeed } from '../federation/holders.ts'
import { isUnderWay, openFederation, type SavedFederation } from '../federation/memory.ts'
import { prepareModel } from '../federation/modes.ts'
import type { FederationPosition } from '../federation/position.ts'
import { type Setting, settle } from '../federation/setting.ts'
import type { StageContext, StageRunner } from '../stage-runner.ts'
import { countZeros } from '../training/pruner.ts'

type Stage = StageOf<'federate'>

/** Trains over clients that keep their samples, round after round. */
export const federate: StageRunner<'federate'> = async (stage, context) => {
  const seed = federationSeed(context.seed, context.occurrence)
  const { macs } = graphCost(context.model.graph)
  const settings = { stage, seed }
  const after = stage.twin && !(await isUnderWay(context, settings)) ? await workTwin(stage, context, seed) : {}
  context.model = prepareModel(stage.pruning, context.model, seed)
  const setting = await settle(stage, context, { seed, isTwin: false })
  const { model } = context
  const saved = await open(setting, settings, after)
  const { weights, ...outcome } = await runFederation(setting, saved)
  const { twin } = saved.memory.place
  context.model = { ...model, weights }
  const layers = layerSparsity(model.graph, weights)
  return {
    ...summary(stage, outcome),
    ...(twin && { twin }),
    clients: holdersIn(setting),
    trainableParams: setting.trained.reduce((sum, name) => sum + elementCount(model.graph.parameters[name]!.dims), 0),
    ...countZeros(context.model),
    layers,
    macs,
    keptMacs: keptMacs(model.graph, layers),
  }
}

type After = Partial<Pick<FederationPosition, 'twin' | 'steps'>>

/** The same clients, draws and first weights, and nothing pruned. */
async function workTwin(stage: Stage, context: StageContext, seed: number): Promise<After> {
  const unpruned: Stage = { ...stage, pruning: { mode: 'none' } }
  const setting = await settle(unpruned, context, { seed, isTwin: true })
  const saved = await open(setting, { stage, seed, isTwin: true }, {})
  const { weights: _, ...outcome } = await runFederation(setting, saved)
  return { twin: summary(stage, outcome), steps: saved.memory.place.steps }
}

async function open(setting: Setting, settings: unknown, after: After): Promise<SavedFederation> {
  const { context, compiled, terms, trained, holders } = setting
  const { graph, weights } = context.model
  const zeros = trained.map(name => [name, new Float32Array(weights.get(name)!.length)] as const)
  const saved = await openFederation(context, compiled, {
    settings,
    server: weights,
    variates: new Map(terms.variates ? zeros : []),
    clients: holders.length,
    after,
  })
  const layers = prunableLayers(graph).map(({ name }) => name)
  context.record.federation(saved.memory.place.steps, { kind: 'begins', clients: holdersIn(setting), layers })
  return saved
}

const holdersIn = (setting: Setting): Holder[] =>
  describeHolders(setting.holders, setting.training.split.labels, setting.context.dataset.classes.length, setting)

const summary = ({ target }: Stage, { rounds, kept }: Omit<FederationOutcome, 'weights'>): FederationResult => ({
  rounds: [...rounds],
  upBytes: rounds.reduce((sum, { upBytes }) => sum + upBytes, 0),
  downBytes: rounds.reduce((sum, { downBytes }) => sum + downBytes, 0),
  ...(target !== undefined && { target: targetReached(target, rounds) }),
  kept,
})

/** Of one sample; those of closed gates and zero weights are left out, and where there are both, of gates alone. */
function keptMacs(graph: Graph, layers: readonly LayerSparsity[]): number {
  const gated = gatedMacs(graph)
  const cost = graphCost(graph)
  if (gated < cost.macs) return Math.round(gated)
  return Math.round(nonzeroMacs(cost.layers, new Map(layers.map(({ name, zeros }) => [name, zeros]))))
}
