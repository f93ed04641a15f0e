/**
 * What a federation costs: seconds of a round over ten clients beside an epoch of plain training over the same samples in as
 * many steps (goal: at most 5 % more), and of averaging ten ResNet-50s (goal: 1 s). Swapping variables, packing every model
 * into bytes and out of them, and averaging are in it; with recalibration, so are the batches that it measures on.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { architectureOf } from '../src/core/architectures.ts'
import { combineModels } from '../src/core/federation/aggregate.ts'
import { sampleShares } from '../src/core/federation/strategy.ts'
import { elementCount } from '../src/core/graph/dims.ts'
import { createRandom } from '../src/core/random.ts'
import { runJob } from '../src/engine/job.ts'
import { parseRecipe, type RecipeInput } from '../src/shared/recipe.ts'
import type { StageOutcome } from '../src/shared/stages.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

const [clients, perClient, batch] = [10, Number(process.env['BENCH_SAMPLES'] ?? 640), 64]
const turns = Number(process.env['BENCH_TURNS'] ?? 2)
/** Of each turn; the first epoch or round warms up. */
const epochs = 3

const { parameters } = architectureOf('resnet50-imagenet')
const model = (seed: number) =>
  new Map(
    Object.entries(parameters).map(([name, { dims }]) => {
      const draw = createRandom(seed)
      return [name, new Float32Array(elementCount(dims)).map(() => draw.uint32() / 2 ** 32)]
    }),
  )
const models = Array.from({ length: clients }, (_, client) => model(client))
const shares = sampleShares(models.map((_, client) => ({ samples: 100 + client })))
const times = Array.from({ length: 5 }, () => {
  const start = performance.now()
  combineModels(models[0]!, models, shares)
  return (performance.now() - start) / 1000
})
const count = [...models[0]!.values()].reduce((sum, values) => sum + values.length, 0)
say(`averaging ${clients} models of ${count} numbers: ${median(times).toFixed(2)} s (goal 1)`)

const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'))
const random = createRandom(1)
const records = new Uint8Array(clients * perClient * 3073).map(() => random.below(256))
for (let i = 0; i < clients * perClient; i++) records[i * 3073] = i % 10
writeFileSync(join(folder, 'data_batch_1.bin'), records)

async function work(stage: RecipeInput['stages'][number]): Promise<StageOutcome> {
  const workDirectory = mkdtempSync(join(folder, 'work-'))
  const data = { path: folder, validation: 0, augment: 'crop-flip' } as const
  let outcome: StageOutcome | undefined
  await runJob(
    {
      runId: 'bench',
      recipe: parseRecipe({ model: { architecture: 'resnet20-a' }, data, stages: [stage] }),
      seed: 0,
      firstStage: 0,
      workDirectory,
      stateDirectory: join(workDirectory, 'state'),
      cacheDirectory: join(folder, 'cache'),
    },
    message => {
      if (message.type === 'stage-finished') outcome = message.outcome
    },
    new AbortController().signal,
  )
  return outcome!
}

const federation = { use: 'federate', clients, rounds: epochs, batch, partition: 'iid', clientSamples: 0 } as const
const ways: Record<string, RecipeInput['stages'][number]> = {
  'plain training': { use: 'train', epochs, batch, keep: 'last' },
  'FedAvg, statistics averaged': { ...federation, batchNorm: 'averaged' },
  'FedAvg, statistics recalibrated': { ...federation, batchNorm: 'recalibrated' },
  'SCAFFOLD, statistics averaged': { ...federation, batchNorm: 'averaged', strategy: 'scaffold' },
}
const seconds = new Map(Object.keys(ways).map(name => [name, [] as number[]]))
try {
  for (let turn = 0; turn < turns; turn++)
    for (const [name, stage] of Object.entries(ways)) {
      const { use, result } = await work(stage)
      const each = use === 'train' ? result.epochs : use === 'federate' ? result.rounds : []
      const measured = each.slice(1).map(one => one.seconds)
      seconds.get(name)!.push(...measured)
      process.stderr.write(`${name}: ${measured.map(one => one.toFixed(2)).join(', ')} s\n`)
    }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const plain = median(seconds.get('plain training')!)
say(`resnet20-a, ${clients} clients of ${perClient} samples, batch ${batch}: ${(clients * perClient) / batch} steps`)
for (const [name, all] of seconds) {
  const more = (100 * (median(all) / plain - 1)).toFixed(1)
  const range = `${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)}`
  say(
    `${name.padEnd(34)} ${median(all).toFixed(2)} s (${range})${all.length > 0 && name !== 'plain training' ? `, ${more} % more (goal 5)` : ''}`,
  )
}
