/** Runs the product's own stages on the trained ResNets of ../shared/data, for the parity table and its test. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { normalization } from '../src/core/normalization.ts'
import { CompiledModel } from '../src/engine/compile/compiled-model.ts'
import { createSelect, fitToDataset } from '../src/engine/job-inputs.ts'
import { loadEngine } from '../src/engine/runtime/load.ts'
import type { StageContext } from '../src/engine/stage-runner.ts'
import { evaluate } from '../src/engine/stages/evaluate.ts'
import { prune } from '../src/engine/stages/prune.ts'
import { openCheckpoint } from '../src/formats/checkpoints.ts'
import { openDataset } from '../src/formats/datasets.ts'
import { importModel } from '../src/formats/import-model.ts'
import { parseRecipe } from '../src/shared/recipe.ts'
import type { LayerSparsity } from '../src/shared/stage.ts'
import { evaluate as evaluateStage } from '../src/shared/stages/evaluate.ts'
import { prune as pruneStage } from '../src/shared/stages/prune.ts'
import { stageContext } from './stage-context.ts'

const checkpoints = { resnet20: 'resnet20-12fca82f.th', resnet32: 'resnet32-d509ac18.th' } as const
export type Network = keyof typeof checkpoints
export const networks = Object.keys(checkpoints) as Network[]
export const sparsities = [0.3, 0.5, 0.6, 0.7, 0.8, 0.9] as const

export interface OneShot {
  readonly network: Network
  /** null for the dense network. */
  readonly pruning: { readonly allocation: 'global' | 'uniform'; readonly sparsity: number } | null
  readonly layers: readonly LayerSparsity[]
  readonly correct: number
  readonly total: number
  readonly zeros: number
  readonly weights: number
  /** What PyTorch gets right of the same 1,000 images when it removes exactly as many weights as we do ... */
  readonly sameCounts: number
  /** ... and when it rounds to whole weights in its own way: one weight more in some layers. */
  readonly ownRounding: number
}

const sameCountsFile = fileURLToPath(new URL('../test/fixtures/engine/one-shot.json', import.meta.url))

const readCounts = (file: string, network: string): Record<string, number> =>
  JSON.parse(readFileSync(file, 'utf8'))[network]

export const hasData = (data: string): boolean => existsSync(join(data, 'reference', 'one-shot.json'))

/** Dense, then each allocation at each sparsity, every time from the dense weights. */
export async function* oneShot(data: string, network: Network): AsyncGenerator<OneShot> {
  const ownRounding = readCounts(join(data, 'reference', 'one-shot.json'), network)
  const sameCounts = readCounts(sameCountsFile, `${network}-a`)
  const path = join(data, 'cifar10-first1000')
  const checkpoint = join(data, 'checkpoints', checkpoints[network])
  const recipe = parseRecipe({ model: { checkpoint }, data: { path }, stages: [{ use: 'evaluate' }] })
  const dataset = await openDataset(path)
  const dense = fitToDataset(importModel(await openCheckpoint(checkpoint)).model, dataset, path)
  const compiled = new CompiledModel(await loadEngine(), dense.graph, {
    sampleType: dataset.sampleType,
    normalization: normalization(recipe.data.normalize, dataset.shape.at(-1)!),
  })
  const context: StageContext = stageContext({
    model: dense,
    dataset,
    select: createSelect(recipe, dataset),
    compiled() {
      compiled.assign(context.model)
      return compiled
    },
  })
  const score = async (pruning: OneShot['pruning'], layers: readonly LayerSparsity[]): Promise<OneShot> => {
    const { correct, total, zeros, weights } = await evaluate(evaluateStage.schema.parse({ use: 'evaluate' }), context)
    const key = pruning ? `${pruning.allocation}${pruning.sparsity}` : 'dense'
    const references = { sameCounts: sameCounts[key]!, ownRounding: ownRounding[key]! }
    return { network, pruning, layers, correct, total, zeros, weights, ...references }
  }
  try {
    yield await score(null, [])
    for (const allocation of ['global', 'uniform'] as const) {
      for (const sparsity of sparsities) {
        context.model = dense
        const { layers } = await prune(pruneStage.schema.parse({ use: 'prune', allocation, sparsity }), context)
        yield await score({ allocation, sparsity }, layers)
      }
    }
  } finally {
    compiled.dispose()
    await dataset.close()
  }
}
