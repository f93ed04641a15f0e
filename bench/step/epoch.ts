/**
 * How much of a training is not its steps: our stage `train` on random images, with crop and flip, states saved, numbers
 * recorded. For a line, answers with what the steps of one epoch took, and what else it took. Arguments: architecture, batch,
 * steps.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { TrainableModel } from '../../src/engine/compile/training.ts'
import { runJob } from '../../src/engine/job.ts'
import { setEngineThreads } from '../../src/engine/runtime/threads.ts'
import { cifarImageSize } from '../../src/formats/cifar.ts'
import { parseRecipe } from '../../src/shared/recipe.ts'
import { randomBatch } from './worker.ts'

export interface EpochTiming {
  /** What the steps of an epoch took. */
  readonly stepsMs: number
  /** Between them: input that was not ready. */
  readonly betweenMs: number
  /** From the end of its last step to the first of the next epoch: the state is saved. */
  readonly endMs: number
}

const [architecture, batch, steps] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'))
const data = join(folder, 'cifar')
const images = Number(batch) * Number(steps)
const { pixels, labels } = randomBatch(images)
mkdirSync(data)
writeFileSync(
  join(data, 'data_batch_1.bin'),
  Buffer.concat(
    [...labels].flatMap((label, i) => [
      Uint8Array.of(label),
      pixels.subarray(i * cifarImageSize, (i + 1) * cifarImageSize),
    ]),
  ),
)

/** Begin and end of every step. */
const laps: [number, number][] = []
const { step } = TrainableModel.prototype
TrainableModel.prototype.step = function timed(input) {
  const begin = performance.now()
  const result = step.call(this, input)
  laps.push([begin, performance.now()])
  return result
}

const epochs = 3
setEngineThreads()
process.stdout.write(`${JSON.stringify({ ready: true })}\n`)
for await (const _ of createInterface({ input: process.stdin })) {
  laps.length = 0
  await runJob(
    {
      runId: 'bench',
      recipe: parseRecipe({
        model: { architecture: architecture! },
        data: { path: data, augment: 'crop-flip', validation: 0 },
        stages: [{ use: 'train', epochs, batch: Number(batch), optimizer: { lr: 0.01, nesterov: true } }],
      }),
      seed: 0,
      firstStage: 0,
      workDirectory: folder,
      stateDirectory: join(folder, 'state'),
      cacheDirectory: join(folder, 'cache'),
    },
    () => {},
    new AbortController().signal,
  )
  // The first epoch warms up; the last is followed by no other.
  const [from, to] = [Number(steps), (epochs - 1) * Number(steps)]
  const stepsMs = laps.slice(from, to).reduce((sum, [begin, end]) => sum + end - begin, 0)
  const endMs = laps[to]![0] - laps[to - 1]![1]
  const betweenMs = laps[to]![0] - laps[from]![0] - stepsMs - endMs
  process.stdout.write(`${JSON.stringify({ stepsMs, betweenMs, endMs } satisfies EpochTiming)}\n`)
}
rmSync(folder, { recursive: true, force: true })
