import { elementCount } from '../../core/graph/dims.ts'
import { layerSparsity } from '../../core/pruning/sparsity.ts'
import { runFederation, targetReached } from '../federation/federation.ts'
import { describeHolders } from '../federation/holders.ts'
import { openFederation } from '../federation/memory.ts'
import { settle } from '../federation/setting.ts'
import type { StageRunner } from '../stage-runner.ts'
import { countZeros } from '../training/pruner.ts'

/** Trains over clients that keep their samples, round after round. */
export const federate: StageRunner<'federate'> = async (stage, context) => {
  const setting = await settle(stage, context, { programs: {}, carried: 'values' })
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
  return {
    rounds: [...rounds],
    upBytes: rounds.reduce((sum, { upBytes }) => sum + upBytes, 0),
    downBytes: rounds.reduce((sum, { downBytes }) => sum + downBytes, 0),
    ...(stage.target !== undefined && { target: targetReached(stage.target, rounds) }),
    kept,
    clients: describeHolders(holders, training.split.labels, context.dataset.classes.length, speeds),
    trainableParams: trained.reduce((sum, name) => sum + elementCount(model.graph.parameters[name]!.dims), 0),
    ...countZeros(context.model),
    layers: layerSparsity(model.graph, weights),
  }
}
