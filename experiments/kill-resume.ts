/**
 * Kills a training run again and again at random moments, lets it go on each time, and compares its last weights with those
 * of a run that was left alone. Exits with 1 where they differ. `--kills N` (20), `--data PATH`, `--architecture ID`.
 */
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { FromEngine, Job } from '../src/engine/protocol.ts'
import { parseRecipe } from '../src/shared/recipe.ts'
import { userDirectories } from '../src/studio/directories.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    data: { type: 'string', default: '../shared/data/cifar10-first1000' },
    architecture: { type: 'string', default: 'resnet8-a' },
  },
})
const say = (line: string) => process.stdout.write(`${line}\n`)
const worker = fileURLToPath(new URL('../src/engine/worker.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'espalier-kills-'))

const training = { epochs: 4, batch: 32, schedule: 'cosine', labelSmoothing: 0.1, clipNorm: 5 } as const
const recipe = parseRecipe({
  model: { architecture: values.architecture },
  data: { path: resolve(values.data), augment: 'crop-flip' },
  stages: [
    {
      use: 'prune',
      sparsity: 0.9,
      schedule: { kind: 'gradual', endEpoch: 3 },
      train: { ...training, optimizer: { kind: 'sgd', lr: 0.05, weightDecay: 5e-4 } },
    },
  ],
})

function jobIn(name: string): Job {
  const workDirectory = join(folder, name)
  mkdirSync(workDirectory, { recursive: true })
  return {
    runId: name,
    recipe,
    seed: 0,
    firstStage: 0,
    workDirectory,
    stateDirectory: join(folder, `${name}-state`),
    saveEveryMs: 500,
    cacheDirectory: join(userDirectories().cache, 'samples'),
  }
}

interface Part {
  /** Of the model file; undefined where the process died before it. */
  readonly hash: string | undefined
  /** The last step that it told of. */
  readonly reached: number
}

/** Works `job` in a process of its own and kills it `afterMs` milliseconds after its first step. */
async function work(job: Job, afterMs?: number): Promise<Part> {
  const child = fork(worker, [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  let reached = 0
  let hash: string | undefined
  let timer: NodeJS.Timeout | undefined
  child.on('message', (message: FromEngine) => {
    if (message.type === 'ready') child.send({ type: 'start', job })
    if (message.type === 'failed') say(`  ${message.error.message}`)
    if (message.type === 'metrics') {
      reached = message.points.findLast(({ name }) => name === 'loss')?.step ?? reached
      if (afterMs !== undefined) timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs)
    }
    if (message.type === 'stage-finished')
      hash = createHash('sha256').update(readFileSync(message.modelFile!)).digest('hex')
  })
  await once(child, 'close')
  clearTimeout(timer)
  return { hash, reached }
}

try {
  const began = performance.now()
  const whole = await work(jobIn('whole'))
  const ms = performance.now() - began
  say(`left alone: ${whole.reached} steps, ${(ms / 1000).toFixed(1)} s, weights ${whole.hash}`)
  const kills = Number(values.kills)
  const job = jobIn('killed')
  let last: Part | undefined
  let done = 0
  for (; done < kills; done++) {
    // A bit more than half of an even share of the time, so that the last kill still finds it at work.
    const part = await work(job, 200 + (1.2 * Math.random() * ms) / kills)
    if (part.hash !== undefined) {
      last = part
      break
    }
    say(`kill ${done + 1}: at step ${part.reached}`)
  }
  last ??= await work(job)
  say(`${done} kills, then to step ${last.reached}, weights ${last.hash}`)
  const isSame = last.hash !== undefined && last.hash === whole.hash
  say(isSame ? 'The weights are the same, bit by bit.' : 'The weights DIFFER.')
  process.exitCode = isSame && done === kills ? 0 : 1
  if (done < kills) say(`It was done after ${done} of ${kills} kills: ask for fewer.`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
