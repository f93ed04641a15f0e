/**
 * Milliseconds a training step, ours beside stock tfjs-node and PyTorch: forward, loss, backward, SGD with momentum.
 * Every way is a process of its own; they take turns of a few steps, so that whatever else the machine does hits all of
 * them. From uint8 images in memory to loss and number of right answers. Then an epoch of our training beside its steps: what
 * is left is input work that was not hidden. `-- step ID` measures one network only.
 */
import { moduleVersion, noTorch, talkToPython } from './python.ts'
import type { EpochTiming } from './step/epoch.ts'
import { measure, node, printTable, say, timesAsLong, type Way } from './step/turns.ts'

const cases = [
  { id: 'resnet20-a', batch: 128 },
  { id: 'resnet18-cifar', batch: 32 },
  { id: 'mobilenet-v1-cifar', batch: 32 },
]

const waysOf = (id: string, batch: string, hasTorch: boolean): Way[] => [
  { name: 'Espalier f32', start: () => node('ours.ts', [id, batch, 'f32']) },
  { name: 'Espalier bf16', start: () => node('ours.ts', [id, batch, 'bf16']) },
  { name: 'tfjs-node LayersModel', start: () => node('stock.ts', [id, batch]), steps: 1 },
  ...(hasTorch ? (['f32', 'bf16'] as const) : []).flatMap(precision =>
    ['contiguous', 'channels-last'].map(layout => ({
      name: `PyTorch ${precision} ${layout}`,
      start: () => talkToPython('step.py', [id, batch, layout, precision, 'all']),
    })),
  ),
]

const stepsAnEpoch = 60

/** What an epoch of ours takes beyond its steps. The state is saved once an epoch, however many steps that has. */
async function epochBesideSteps(id: string, batch: number): Promise<string> {
  const training = await node('epoch.ts', [id, String(batch), String(stepsAnEpoch)])
  const { stepsMs, betweenMs, endMs } = await training.ask<EpochTiming>('go')
  training.close()
  const long = Math.ceil(50_000 / batch)
  const times = (steps: number) => (1 + betweenMs / stepsMs + endMs / (stepsMs * (steps / stepsAnEpoch))).toFixed(3)
  return (
    `${times(stepsAnEpoch)} times its steps: between them ${betweenMs.toFixed(0)} of ${stepsMs.toFixed(0)} ms, at its end ${endMs.toFixed(0)} ms; ` +
    `with the ${long} steps of CIFAR-10 it comes to ${times(long)} (goal 1.03)`
  )
}

const chosen = process.argv[2]
const torch = await moduleVersion('torch')
say(torch === null ? noTorch : `PyTorch ${torch}`)
for (const { id, batch } of cases.filter(({ id }) => chosen === undefined || id === chosen)) {
  const results = await measure(waysOf(id, String(batch), torch !== null))
  printTable(`${id}, batch ${batch}`, results)
  say('times as long as ours (fastest tenth):')
  for (const [own, others, goal] of [
    ['Espalier f32', 'tfjs-node', 5],
    ['Espalier f32', 'PyTorch f32', 1.25],
    ['Espalier bf16', 'PyTorch bf16', 1.25],
  ] as const) {
    const text = timesAsLong(results, own, others)
    if (text) say(`  ${own} : ${text} (goal ${goal})`)
  }
  say(`an epoch of ${stepsAnEpoch} steps of Espalier f32 takes ${await epochBesideSteps(id, batch)}`)
}
