import { expect, it } from 'vitest'
import { parseRecipe } from '../../src/shared/recipe.ts'
import { settingTitle } from '../../src/shared/setting-title.ts'
import { settingsOf } from '../../src/shared/settings.ts'

const settings = (...uses: string[]) => ({
  settings: Object.fromEntries(uses.map((use, index) => [`stages[${index}].use`, use])),
})
const pruned = settings('evaluate', 'prune', 'evaluate')

it.each([
  ['stages[1].allocation', 'Prune: allocation'],
  ['stages[1].train.optimizer.lr', 'Prune: training, optimizer, learning rate'],
  ['stages[1].schedule.kind', 'Prune: schedule'],
  ['stages[1].fractions', 'Prune: fractions'],
  ['stages[1].floors.layer1.0.conv1', 'Prune: floors, layer1.0.conv1'],
  ['stages[2].batch', 'Evaluate (stage 3): batch'],
  ['stages[1].use', 'Prune'],
  ['model.checkpoint', 'Model: checkpoint'],
  ['data.path', 'Data'],
  ['data.reader.crop', 'Data: reader, crop'],
  ['study.pairs[0].teacher.run', 'Study: pair 1, teacher, run'],
])('%s is called "%s"', (path, title) => {
  expect(settingTitle(path, [pruned, pruned])).toBe(title)
})

it('names the place alone where runs have different stages there', () => {
  const runs = [pruned, settings('evaluate', 'train')]
  expect(settingTitle('stages[1].use', runs)).toBe('Stage 2')
  expect(settingTitle('stages[1].epochs', runs)).toBe('Stage 2: epochs')
})

it('calls what is chosen by the name of the choice', () => {
  expect(settingTitle('stages[0].pruning.mode', [settings('federate')])).toBe('Federate: pruning')
})

it('has no two settings of a recipe under one heading', () => {
  const recipe = parseRecipe({
    model: { checkpoint: 'a.pt' },
    data: { path: 'b' },
    stages: [
      { use: 'evaluate' },
      { use: 'prune', sparsity: 0.5, schedule: { kind: 'iterative', rounds: 2 }, train: { epochs: 2 } },
      { use: 'train', epochs: 3, optimizer: 'adam', schedule: 'cosine' },
      { use: 'evaluate' },
    ],
  })
  const uses = settings(...recipe.stages.map(({ use }) => use))
  const titles = settingsOf(recipe).map(({ path }) => settingTitle(path, [uses]))
  expect(titles).toHaveLength(new Set(titles).size)
  expect(titles.join()).not.toMatch(/stages\[|undefined/)
})
