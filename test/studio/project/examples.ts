/** Small valid things to put into a project. */
import { randomUUID } from 'node:crypto'
import { parseRecipe, type Recipe, type RecipeInput } from '../../../src/shared/recipe.ts'
import type { StageOutcome } from '../../../src/shared/stages.ts'
import type { StoredDataset, StoredModel } from '../../../src/studio/project/library.ts'
import type { Project } from '../../../src/studio/project/project.ts'

export const exampleRecipe = (changes: Partial<RecipeInput> = {}): Recipe =>
  parseRecipe({
    name: 'Half',
    model: { architecture: 'resnet8-a' },
    data: { path: '/data/tiny' },
    stages: [{ use: 'evaluate' }, { use: 'prune', sparsity: 0.5 }, { use: 'evaluate' }],
    ...changes,
  })

export const exampleDataset = (changes: Partial<StoredDataset> = {}): StoredDataset => ({
  id: randomUUID(),
  name: 'tiny',
  path: '/data/tiny',
  format: 'cifar-binary',
  formatLabel: 'CIFAR-10 binary',
  fingerprint: 'd'.repeat(64),
  classes: ['a', 'b'],
  shape: [32, 32, 3],
  sampleType: 'uint8',
  splits: [{ name: 'test', count: 4, perClass: [2, 2] }],
  notes: [],
  preview: [],
  addedAt: 1000,
  ...changes,
})

export const exampleModel = (changes: Partial<StoredModel> = {}): StoredModel => ({
  id: randomUUID(),
  name: 'net.th',
  path: '/models/net.th',
  format: 'pytorch-zip',
  formatLabel: 'PyTorch',
  fingerprint: 'e'.repeat(64),
  architecture: 'resnet8-a',
  classes: 2,
  inputDims: [3, 32, 32],
  parameters: 10,
  prunable: 8,
  batchNorm: 2,
  macs: 100,
  notes: [],
  layers: [],
  addedAt: 1000,
  ...changes,
})

export const evaluated = (correct: number): StageOutcome => ({
  use: 'evaluate',
  result: {
    correct,
    total: 4,
    top1: correct / 4,
    top5: 1,
    loss: 0.5,
    split: 'test',
    zeros: 0,
    weights: 8,
    classes: [
      { name: 'a', correct, total: 2 },
      { name: 'b', correct: 0, total: 2 },
    ],
  },
})

export const pruned = (zeros: number): StageOutcome => ({
  use: 'prune',
  result: { zeros, weights: 8, sparsity: zeros / 8, layers: [{ name: 'conv1', weights: 8, zeros }] },
})

/** An owner that stands for this very process. */
export function addOwner(project: Project, changes: { id?: string; pid?: number; machine?: string } = {}): string {
  const id = changes.id ?? randomUUID()
  project.write(() =>
    project.owners.add({
      id,
      host: 'terminal',
      machine: changes.machine ?? 'here',
      pid: changes.pid ?? process.pid,
      processStarted: null,
      openedAt: 1,
    }),
  )
  return id
}

export function addRun(project: Project, ownerId: string, recipe = exampleRecipe(), seed = 0) {
  return project.write(() =>
    project.runs.add({ id: randomUUID(), ownerId, recipeId: null, recipe, seed, again: false, at: 1 }),
  )
}
