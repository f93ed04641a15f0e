/**
 * Milliseconds a step of distillation, ResNet-20 teaching ResNet-8 at batch 128, ours beside PyTorch: both forward passes,
 * losses, backward, clipping over student and projections, SGD with Nesterov momentum. Also the same step of ours where what
 * the teacher says is kept and not asked again, which is possible without augmentation. `-- distill logit` measures one loss.
 */
import { moduleVersion, noTorch, talkToPython } from './python.ts'
import { measure, node, printTable, say, timesAsLong, type Way } from './step/turns.ts'

const batch = '128'
const ours = (...args: string[]) => node('distill.ts', [...args, batch])

const waysOf = (loss: string, hasTorch: boolean): Way[] => [
  { name: 'Espalier, teacher asked', start: () => ours(loss, 'f32', 'asked') },
  { name: 'Espalier, teacher kept', start: () => ours(loss, 'f32', 'kept') },
  ...(hasTorch ? ['contiguous', 'channels-last'] : []).map(layout => ({
    name: `PyTorch f32 ${layout}`,
    start: () => talkToPython('distill.py', [loss, layout, batch]),
  })),
]

const chosen = process.argv[2]
const torch = await moduleVersion('torch')
say(torch === null ? noTorch : `PyTorch ${torch}`)
for (const loss of ['logit', 'feature'].filter(each => chosen === undefined || each === chosen)) {
  const results = await measure(waysOf(loss, torch !== null))
  printTable(`resnet20-a teaches resnet8-a, ${loss}, batch ${batch}`, results)
  say('times as long as ours (fastest tenth):')
  const text = timesAsLong(results, 'Espalier, teacher asked', 'PyTorch f32')
  if (text) say(`  Espalier, teacher asked : ${text} (goal 1.25)`)
  say(`  Espalier, teacher kept : ${timesAsLong(results, 'Espalier, teacher kept', 'Espalier, teacher asked')}`)
}
