/** The form and the lists of settings read the schemas each in its own way: of what is a default they say the same. */
import { expect, it } from 'vitest'
import { shortRecipe } from '../../../src/renderer/src/lib/short-recipe.ts'
import { parseRecipe } from '../../../src/shared/recipe.ts'
import { settingsOf } from '../../../src/shared/settings.ts'

const teacher = { checkpoint: 't.pt' }
const recipes: Record<string, object[]> = {
  'pruning from curves': [
    { use: 'prune', allocation: 'rate-distortion', sparsity: 0.5, calibration: { images: 64 }, locks: { conv1: 0 } },
    { use: 'evaluate', batch: 64 },
  ],
  'pruning in steps': [
    {
      ...{ use: 'prune', sparsity: 0.9, schedule: { kind: 'gradual', endEpoch: 2 } },
      train: { epochs: 3, optimizer: { kind: 'adam', lr: 0.001, beta1: 0.8 }, schedule: 'cosine' },
    },
  ],
  distillation: [
    { use: 'distill', teacher, epochs: 2, loss: 'feature', beta: 0.2 },
    { use: 'distill', teacher, epochs: 1, temperature: 2 },
  ],
  federation: [
    {
      ...{ use: 'federate', clients: 4, rounds: 3, partition: { kind: 'shards', perClient: 3 }, strategy: 'fedprox' },
      ...{ pruning: { mode: 'salience', keep: 0.2 }, heterogeneity: { dropOut: 0.1 } },
    },
  ],
}

function pathsIn(value: unknown, path: string): string[] {
  if (Array.isArray(value) && value.some(item => typeof item === 'object'))
    return value.flatMap((item, index) => pathsIn(item, `${path}[${index}]`))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path]
  return Object.entries(value).flatMap(([key, inner]) => pathsIn(inner, path ? `${path}.${key}` : key))
}

it.each(Object.keys(recipes))('%s', name => {
  const recipe = parseRecipe({
    name,
    model: { architecture: 'resnet8-a' },
    data: { path: 'd' },
    stages: recipes[name]!,
  })
  const set = settingsOf(recipe).flatMap(({ path, isDefault }) => (isDefault ? [] : [path]))
  // A choice with nothing else to say is written as its kind alone; here none is the usual one, whose kind the form must write.
  const form = pathsIn(shortRecipe(recipe)['stages'], 'stages')
  const said = (path: string) => path.replace(/\.(kind|mode)$/, '')
  expect([...new Set(form.map(said))].sort()).toEqual(
    [...new Set(set.filter(path => path.startsWith('stages')).map(said))].sort(),
  )
})
