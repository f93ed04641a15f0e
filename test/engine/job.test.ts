import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../src/core/architectures.ts'
import { initialise } from '../../src/core/initialise.ts'
import { runJob } from '../../src/engine/job.ts'
import { createProgress } from '../../src/engine/job-progress.ts'
import type { FromEngine, Job } from '../../src/engine/protocol.ts'
import { loadEngine } from '../../src/engine/runtime/load.ts'
import { modelFromBytes, modelToBytes } from '../../src/formats/model-file.ts'
import type { StageOutcome, StageResultOf, StageUse } from '../../src/shared/stages.ts'
import { createJob, temporaryFolder, writeCifar } from './small-data.ts'

const folder = temporaryFolder()
let data: string
beforeAll(() => {
  data = writeCifar(folder, { train: 50, test: 130 })
})
afterAll(() => rmSync(folder, { recursive: true }))

async function run(job: Job, signal = new AbortController().signal) {
  const messages: FromEngine[] = []
  const error = await runJob(job, message => messages.push(message), signal).then(
    () => undefined,
    thrown => thrown,
  )
  return { messages, error }
}

const ofType = <Type extends FromEngine['type']>(messages: readonly FromEngine[], type: Type) =>
  messages.filter((message): message is Extract<FromEngine, { type: Type }> => message.type === type)
const outcomes = (messages: readonly FromEngine[]) => ofType(messages, 'stage-finished').map(({ outcome }) => outcome)
function resultOf<Use extends StageUse>(outcome: StageOutcome | undefined, use: Use): StageResultOf<Use> {
  expect(outcome?.use).toBe(use)
  return outcome!.result as StageResultOf<Use>
}

const stages = [
  { use: 'evaluate' },
  { use: 'prune', allocation: 'uniform', sparsity: 0.5 },
  { use: 'evaluate', split: 'validation', batch: 3 },
] as const

describe('a job', () => {
  it('runs its stages in order and tells what happens', async () => {
    const job = createJob(folder, data, [...stages])
    const { messages, error } = await run(job)
    expect(error).toBeUndefined()
    const order = messages.map(({ type }) => type).filter(type => !['prepare', 'progress'].includes(type))
    expect(order).toEqual([
      'engine',
      'layers',
      'stage-started',
      'stage-finished',
      'stage-started',
      'layers',
      'stage-finished',
      'stage-started',
      'stage-finished',
    ])
    const [dense, pruning, after] = outcomes(messages)
    const before = resultOf(dense, 'evaluate')
    expect(before).toMatchObject({ split: 'test', total: 130, zeros: 0 })
    expect(before.classes.map(({ name, total }) => [name, total])).toEqual(
      [...'airplane automobile bird cat deer dog frog horse ship truck'.split(' ')].map(name => [name, 13]),
    )
    expect(before.classes.reduce((sum, { correct }) => sum + correct, 0)).toBe(before.correct)
    expect(before.top1).toBe(before.correct / 130)
    expect(before.top5).toBeGreaterThanOrEqual(before.top1)
    expect(before.loss).toBeGreaterThan(0)

    const pruned = resultOf(pruning, 'prune')
    const planned = pruned.layers.map(({ weights }) => Math.floor(weights / 2))
    expect(pruned.layers.map(({ zeros }) => zeros)).toEqual(planned)
    expect(pruned.zeros).toBe(planned.reduce((sum, zeros) => sum + zeros, 0))
    expect(pruned.sparsity).toBe(pruned.zeros / pruned.weights)

    // What was scored is what was pruned: these zeros are counted in the session.
    expect(resultOf(after, 'evaluate')).toMatchObject({
      split: 'validation',
      total: 5,
      zeros: pruned.zeros,
      weights: pruned.weights,
    })
    const [first, second] = ofType(messages, 'layers')
    expect(first).toMatchObject({ stage: 0, step: 0 })
    expect(first?.layers.every(({ zeros }) => zeros === 0)).toBe(true)
    expect(second).toMatchObject({ stage: 1, step: 1, layers: pruned.layers })

    const { modelFile } = ofType(messages, 'stage-finished')[1]!
    expect(modelFile).toContain(job.workDirectory)
    const model = modelFromBytes(readFileSync(modelFile!), 'model')
    expect([...model.masks.values()].reduce((sum, mask) => sum + mask.filter(kept => kept === 0).length, 0)).toBe(
      pruned.zeros,
    )
  })

  it('tells the same again, and goes on from a model file in the middle', async () => {
    const whole = await run(createJob(folder, data, [...stages]))
    const again = await run(createJob(folder, data, [...stages]))
    expect(outcomes(again.messages)).toEqual(outcomes(whole.messages))
    const { modelFile } = ofType(whole.messages, 'stage-finished')[1]!
    const rest = await run(createJob(folder, data, [...stages], { firstStage: 2, modelFile: modelFile! }))
    expect(rest.error).toBeUndefined()
    expect(outcomes(rest.messages)).toEqual(outcomes(whole.messages).slice(2))
    expect(ofType(rest.messages, 'layers')).toHaveLength(1)
    expect(ofType(rest.messages, 'layers')[0]).toMatchObject({ stage: 2, step: 0 })
  })

  it('draws other fresh weights for another seed', async () => {
    const [one, other] = [0, 1].map(seed => run(createJob(folder, data, [{ use: 'evaluate' }], { seed })))
    expect(outcomes((await one!).messages)).not.toEqual(outcomes((await other!).messages))
  })

  it('gives its session back, whatever happens', async () => {
    const { binding } = await loadEngine()
    const before = [binding.getNumOfSavedModels(), binding.getNumOfTensors()]
    await run(createJob(folder, data, [...stages]))
    await run(createJob(folder, data, [{ use: 'evaluate' }, { use: 'prune', sparsity: 0 }]))
    expect([binding.getNumOfSavedModels(), binding.getNumOfTensors()]).toEqual(before)
  })

  it.each([
    { what: 'nothing of a dense model', list: [{ use: 'prune', sparsity: 0 }] },
    { what: 'less than one weight', list: [{ use: 'prune', sparsity: 1e-7 }] },
    {
      what: 'what is pruned already',
      list: [
        { use: 'prune', sparsity: 0.4 },
        { use: 'prune', sparsity: 0.4 },
      ],
    },
  ] as const)('stops where a stage prunes $what', async ({ list }) => {
    const { messages, error } = await run(createJob(folder, data, [...list]))
    expect(error).toMatchObject({ code: 'prune.no-change', message: expect.stringContaining('changes nothing') })
    expect(outcomes(messages)).toHaveLength(list.length - 1)
  })

  it('refuses a lower sparsity than the model has', async () => {
    const list = [
      { use: 'prune', sparsity: 0.4 },
      { use: 'prune', sparsity: 0.3 },
    ] as const
    expect((await run(createJob(folder, data, [...list]))).error).toMatchObject({ code: 'prune.infeasible' })
  })

  it('stops where the loss is not finite', async () => {
    const graph = architectureOf('resnet8-a')
    const weights = new Map(initialise(graph, 0))
    // Finite weights, as a file may hold them, whose logits are not.
    for (const name of ['conv1.weight', 'layer3.0.conv2.weight', 'linear.weight'])
      weights.set(
        name,
        weights.get(name)!.map(() => 1e30),
      )
    const file = join(folder, 'huge.safetensors')
    writeFileSync(file, modelToBytes({ architecture: 'resnet8-a', graph, weights, masks: new Map() }))
    const { error, messages } = await run(
      createJob(folder, data, [{ use: 'evaluate' }], { model: { checkpoint: file } }),
    )
    expect(error).toMatchObject({
      code: 'run.not-finite',
      message: expect.stringMatching(/samples 1 to 128 is (NaN|Infinity)/),
    })
    expect(outcomes(messages)).toEqual([])
  })

  it('is stopped before the next batch', async () => {
    const stopping = new AbortController()
    const done: number[] = []
    const job = createJob(folder, data, [{ use: 'evaluate', batch: 2 }])
    const error = await runJob(
      job,
      message => {
        if (message.type !== 'progress') return
        done.push(message.done)
        stopping.abort()
      },
      stopping.signal,
    ).catch(thrown => thrown)
    expect(error).toMatchObject({ code: 'run.stopped' })
    expect(done).toEqual([2])
  })
})

describe('inputs that do not fit', () => {
  async function failure(stage: 'evaluate', more: Parameters<typeof createJob>[3], path = data) {
    const { error, messages } = await run(createJob(folder, path, [{ use: stage }], more))
    expect(messages.some(({ type }) => type === 'stage-started')).toBe(false)
    return error
  }

  function checkpoint(id: string, options: Parameters<typeof architectureOf>[1], name: string): string {
    const graph = architectureOf(id, options)
    const file = join(folder, `${name}.safetensors`)
    writeFileSync(file, modelToBytes({ architecture: id, graph, weights: initialise(graph, 0), masks: new Map() }))
    return file
  }

  it('another number of classes', async () => {
    const file = checkpoint('resnet8-a', { classes: 7 }, 'seven')
    const error = await failure('evaluate', { model: { checkpoint: file } })
    expect(error).toMatchObject({ code: 'dataset.classes', file: data, message: expect.stringContaining('7 classes') })
  })

  it('another number of channels', async () => {
    const file = checkpoint('resnet8-a', { inputDims: [1, 32, 32] }, 'gray')
    const error = await failure('evaluate', { model: { checkpoint: file } })
    expect(error).toMatchObject({ code: 'dataset.shape', message: expect.stringContaining('3x32x32') })
  })

  it('no such split, no validation share, no such file', async () => {
    const trainOnly = temporaryFolder()
    const path = writeCifar(trainOnly, { train: 20 })
    expect(await failure('evaluate', {}, path)).toMatchObject({ code: 'dataset.no-split', file: path })
    rmSync(trainOnly, { recursive: true })
    const none = createJob(folder, data, [{ use: 'evaluate', split: 'validation' }], { data: { validation: 0 } })
    expect((await run(none)).error).toMatchObject({ code: 'dataset.no-split' })
    const absent = join(folder, 'absent')
    expect(await failure('evaluate', {}, absent)).toMatchObject({ code: 'file.missing' })
    expect(await failure('evaluate', { model: { checkpoint: absent } })).toMatchObject({ code: 'file.missing' })
  })

  it('but images of another size do, where the network has no fixed size', async () => {
    const file = checkpoint('resnet8-a', { inputDims: [3, 48, 40] }, 'large')
    const { error, messages } = await run(
      createJob(folder, data, [{ use: 'evaluate' }], { model: { checkpoint: file } }),
    )
    expect(error).toBeUndefined()
    expect(resultOf(outcomes(messages)[0], 'evaluate').total).toBe(130)
  })
})

describe('progress', () => {
  it('is told ten times a second at most, with a rate that leaves the first batch out', () => {
    let now = 0
    const told: Extract<FromEngine, { type: 'progress' }>[] = []
    const progress = createProgress(
      2,
      'samples',
      message => told.push(message),
      () => now,
    )
    // One batch of 100 each 20 ms, after a slow first one.
    for (let batch = 1; batch <= 50; batch++) {
      progress(100 * batch, 10_000)
      now += 20
    }
    expect(told).toHaveLength(10)
    expect(told[0]).toEqual({ type: 'progress', stage: 2, done: 100, total: 10_000, unit: 'samples' })
    expect(told[9]).toMatchObject({ done: 4600, rate: 5000, secondsLeft: 1.08 })
    // A part that is counted apart is told at once, with a clock of its own.
    progress(7, 70, { part: 'measuring' })
    expect(told[10]).toEqual({ type: 'progress', stage: 2, part: 'measuring', done: 7, total: 70, unit: 'samples' })
    now += 1000
    progress(17, 70, { part: 'measuring' })
    expect(told[11]).toMatchObject({ rate: 10, secondsLeft: 5.3 })
  })
})
