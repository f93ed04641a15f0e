/**
 * Milliseconds a training step that trains batch norm alone, beside one that trains everything and beside PyTorch with
 * everything else frozen. From uint8 images in memory to loss and number of right answers. `-- batchnorm ID` measures one
 * network only.
 */
import { moduleVersion, noTorch, talkToPython } from './python.ts'
import { measure, node, printTable, say, timesAsLong, type Way } from './step/turns.ts'

const cases = [
  { id: 'resnet20-a', batch: 128 },
  { id: 'resnet18-cifar', batch: 32 },
]

const waysOf = (id: string, batch: string, hasTorch: boolean): Way[] => [
  { name: 'Espalier batch norm', start: () => node('ours.ts', [id, batch, 'f32', 'batchnorm']) },
  { name: 'Espalier all', start: () => node('ours.ts', [id, batch, 'f32', 'all']) },
  ...(hasTorch ? ['contiguous', 'channels-last'] : []).map(layout => ({
    name: `PyTorch batch norm ${layout}`,
    start: () => talkToPython('step.py', [id, batch, layout, 'f32', 'batchnorm']),
  })),
]

const chosen = process.argv[2]
const torch = await moduleVersion('torch')
say(torch === null ? noTorch : `PyTorch ${torch}`)
for (const { id, batch } of cases.filter(({ id }) => chosen === undefined || id === chosen)) {
  const results = await measure(waysOf(id, String(batch), torch !== null))
  printTable(`${id}, batch ${batch}`, results)
  say('times as long as a step of batch norm alone (fastest tenth):')
  for (const [others, goal] of [
    ['Espalier all', ''],
    ['PyTorch', ' (goal 1.25)'],
  ] as const) {
    const text = timesAsLong(results, 'Espalier batch norm', others)
    if (text) say(`  ${text}${goal}`)
  }
}
