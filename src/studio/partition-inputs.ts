/** What a recipe's federations need of data and files, seen before anything is made. */
import { createHash } from 'node:crypto'
import { partition, requireEnoughSamples } from '../core/federation/partitions.ts'
import { validationCount } from '../core/split.ts'
import { readPartitionBytes, readPartitionFile } from '../formats/partition-file.ts'
import type { DatasetReport } from '../shared/domain.ts'
import type { Recipe } from '../shared/recipe.ts'
import type { Stage } from '../shared/stages.ts'

/** Throws `argument.invalid` or `file.*` where clients cannot be given their samples. Some of it only a draw can tell. */
export async function requirePartitions(
  { stages, data }: Recipe,
  { splits }: Pick<DatasetReport, 'splits'>,
): Promise<void> {
  const train = splits.find(({ name }) => name === 'train')
  if (!train) return
  for (const stage of stages) {
    if (stage.use !== 'federate') continue
    const { clients, partition: settings } = stage
    const shared = train.count - validationCount(train.count, data.validation)
    requireEnoughSamples({ clients, minimum: settings.minimum }, shared)
    // What is drawn until it fits can only be told by drawing it from the samples themselves.
    if (settings.kind === 'dirichlet' || settings.kind === 'quantity') continue
    // Which sample is of which class does not matter here, only how many are.
    const labels = Int32Array.from(train.perClass.flatMap((count, label) => Array<number>(count).fill(label)))
    const samples = labels.map((_, sample) => sample)
    if (settings.kind !== 'file') {
      partition({ labels, samples: samples.subarray(0, shared), clients, minimum: 1, seed: 0 }, settings)
      continue
    }
    const holdings = await readPartitionFile(settings.path)
    partition({ labels, samples, clients, minimum: 1, seed: 0 }, { kind: 'file', holdings, file: settings.path })
  }
}

/** The path of the file that a stage reads, if it does. */
export const partitionPathOf = (stage: Stage): string | undefined =>
  stage.use === 'federate' && stage.partition.kind === 'file' ? stage.partition.path : undefined

export function withPartitionPath(stage: Stage, path: (old: string) => string): Stage {
  if (stage.use !== 'federate' || stage.partition.kind !== 'file') return stage
  return { ...stage, partition: { ...stage.partition, path: path(stage.partition.path) } }
}

/** The recipe with what stands in its stages' files in the place of their paths: what matters to a result. Throws `file.*`. */
export async function withFileFingerprints(recipe: Recipe): Promise<Recipe> {
  const paths = recipe.stages.flatMap(stage => partitionPathOf(stage) ?? [])
  const fingerprints = new Map<string, string>()
  for (const path of paths)
    fingerprints.set(
      path,
      createHash('sha256')
        .update(await readPartitionBytes(path))
        .digest('hex'),
    )
  return { ...recipe, stages: recipe.stages.map(stage => withPartitionPath(stage, path => fingerprints.get(path)!)) }
}
