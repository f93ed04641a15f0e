import { graphCost, nonzeroMacs } from '../../core/graph/cost.ts'
import { elementCount } from '../../core/graph/dims.ts'
import { gatedMacs } from '../../core/graph/gated-cost.ts'
import type { Graph } from '../../core/graph/model.ts'
import { layerSparsity } from '../../core/pruning/sparsity.ts'
import { deriveSeed } from '../../core/random.ts'
import type { LayerSparsity } from '../../shared/stage.ts'
import { runFederation, targetReached } from '../federation/federation.ts'
import { describeHolders } from '../federation/holders.ts'
import { openFederation } from '../federation/memory.ts'
import { prepareModel } from '../federation/modes.ts'
import { settle } from '../federation/setting.ts'
import type { StageRunner } from '../stage-runner.ts'
import { countZeros } from '../training/pruner.ts'

/** Trains over clients that keep their samples, round after round. */
export const federate: StageRunner<'federate'> = async (stage, context) => {
  const seed = deriveSeed(context.seed, 'federate', context.occurrence)
  const { macs } = graphCost(context.model.graph)
  context.model = prepareModel(stage.pruning, context.model, seed)
  const setting = await settle(stage, context, seed)
  const { model } = context
  const { trained, training, terms, holders, speeds } = setting
  const saved = await openFederation(context, setting.compiled, {
    settings: { stage, seed: setting.seed },
    server: model.weights,
    variates: new Map(
      terms.variates ? trained.map(name => [name, new Float32Array(model.weights.get(name)!.length)]) : [],
    ),
    clients: holders.length,
  })
  const { weights, rounds, kept } = await runFederation(setting, saved)
  context.model = { ...model, weights }
  const layers = layerSparsity(model.graph, weights)
  return {
    rounds: [...rounds],
    upBytes: rounds.reduce((sum, { upBytes }) => sum + upBytes, 0),
    downBytes: rounds.reduce((sum, { downBytes }) => sum + downBytes, 0),
    ...(stage.target !== undefined && { target: targetReached(stage.target, rounds) }),
    kept,
    clients: describeHolders(holders, training.split.labels, context.dataset.classes.length, speeds),
    trainableParams: trained.reduce((sum, name) => sum + elementCount(model.graph.parameters[name]!.dims), 0),
    ...countZeros(context.model),
    layers,
    macs,
    keptMacs: keptMacs(model.graph, layers),
  }
}

/** Of one sample; those of closed gates and zero weights are left out, and where there are both, of gates alone. */
function keptMacs(graph: Graph, layers: readonly LayerSparsity[]): number {
  const gated = gatedMacs(graph)
  const cost = graphCost(graph)
  if (gated < cost.macs) return Math.round(gated)
  return Math.round(nonzeroMacs(cost.layers, new Map(layers.map(({ name, zeros }) => [name, zeros]))))
}
