import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import type { Model } from '../../../src/core/graph/model.ts'
import { normalization } from '../../../src/core/normalization.ts'
import { curveFractions, zeroedCounts } from '../../../src/core/pruning/curves.ts'
import { prune, rankLayers } from '../../../src/core/pruning/prune.ts'
import { CompiledModel } from '../../../src/engine/compile/compiled-model.ts'
import { calibrationBatches, calibrationIndices } from '../../../src/engine/distortion/calibration.ts'
import { type CurveOptions, distortionCurves } from '../../../src/engine/distortion/curves.ts'
import { jointDistortion } from '../../../src/engine/distortion/joint.ts'
import { distortion, emptyState, measure } from '../../../src/engine/distortion/measure.ts'
import { type Engine, loadEngine } from '../../../src/engine/runtime/load.ts'
import { openCheckpoint } from '../../../src/formats/checkpoints.ts'
import { openDataset } from '../../../src/formats/datasets.ts'
import { importModel } from '../../../src/formats/import-model.ts'
import { EspalierError } from '../../../src/shared/errors.ts'
import { randomImages, trained } from './networks.ts'

const folder = mkdtempSync(join(tmpdir(), 'espalier-distortion-'))
const preprocessing = { sampleType: 'uint8', normalization: normalization('imagenet', 3) } as const
const graph = architectureOf('resnet8-a', { inputDims: [3, 8, 8] })
const dense = trained(graph, 1)
const fractions = curveFractions([0.4, 1])
let engine: Engine
let compiled: CompiledModel
beforeAll(async () => {
  engine = await loadEngine()
  compiled = new CompiledModel(engine, graph, preprocessing)
})
afterAll(() => {
  compiled.dispose()
  rmSync(folder, { recursive: true })
})

interface Run {
  readonly model?: Model
  readonly dataset?: ReturnType<typeof randomImages>
  readonly calibration?: CurveOptions['calibration']
  readonly cacheDirectory?: string
  readonly step?: CurveOptions['step']
  readonly fractions?: readonly number[]
}

const fresh = () => mkdtempSync(join(folder, 'cache-'))

/** The curves, and how many passes it took. */
async function run({ model = dense, dataset = randomImages(300, [8, 8, 3]), ...more }: Run = {}) {
  compiled.assign(model)
  let passes = 0
  const curves = await distortionCurves({
    compiled,
    model,
    rankings: rankLayers(model, { score: 'magnitude' }),
    fractions,
    calibration: { images: 150, choose: 'first' },
    dataset,
    cacheDirectory: fresh(),
    signal: new AbortController().signal,
    ...more,
    async step(done, total) {
      passes++
      await more.step?.(done, total)
    },
  })
  return { curves, passes }
}

const stopped = () => new EspalierError({ code: 'run.stopped', message: 'The run was stopped.' })

describe('curves', () => {
  it('have the layers in forward order, exact counts, and exactly 0 where nothing changes', async () => {
    const { curves } = await run()
    expect(curves.map(({ name }) => name)).toEqual(rankLayers(dense, { score: 'magnitude' }).map(({ layer }) => layer))
    for (const curve of curves) {
      expect(curve.fractions).toEqual([0, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1])
      expect(curve.zeroed).toEqual(zeroedCounts(fractions, curve.weights))
      expect([curve.mean[0], curve.worst[0]]).toEqual([0, 0])
      expect(curve.mean.slice(1).every(value => value > 0)).toBe(true)
      expect(curve.mean.every((value, i) => value <= curve.worst[i]!)).toBe(true)
    }
  })

  it('are what pruning that layer alone does to the logits', async () => {
    const dataset = randomImages(300, [8, 8, 3])
    const { curves } = await run({ dataset })
    compiled.assign(dense)
    const samples = new Uint8Array(150 * 192)
    await dataset.splits.train!.read(
      Array.from({ length: 150 }, (_, i) => i),
      samples,
    )
    const before = compiled.predict(samples, 150)
    for (const [layer, at] of [
      [0, 3],
      [2, 5],
      [6, 7],
      [7, 4],
    ] as const) {
      const { name, zeroed, mean, worst } = curves[layer]!
      const kernel = `${name}.weight`
      const sizes = [...dense.weights.get(kernel)!].map(Math.abs).sort((a, b) => a - b)
      // Fresh weights are all different, so that the count-th size ends what goes.
      const pruned = dense.weights
        .get(kernel)!
        .map(weight => (Math.abs(weight) <= sizes[zeroed[at]! - 1]! ? 0 : weight))
      expect(pruned.filter(weight => weight === 0)).toHaveLength(zeroed[at]!)
      compiled.assign({ ...dense, weights: new Map([...dense.weights, [kernel, pruned]]) })
      const expected = distortion(before, compiled.predict(samples, 150), 150)
      expect(mean[at]! / (expected.sum / 150)).toBeCloseTo(1, 3)
      expect(worst[at]! / expected.worst).toBeCloseTo(1, 3)
    }
  })

  it('of a pruned model start where it is', async () => {
    const { model, layers } = prune(dense, { allocation: 'global', score: 'magnitude', sparsity: 0.6 })
    const { curves } = await run({ model })
    for (const [i, { zeroed, mean, worst }] of curves.entries()) {
      const isDone = zeroed.map(count => count <= layers[i]!.zeros)
      expect(mean.map(value => value === 0)).toEqual(isDone)
      expect(worst.map(value => value === 0)).toEqual(isDone)
    }
  })

  it('tell how far they are, up to all of it', async () => {
    const seen: number[] = []
    let all = 0
    await run({
      step: async (done, total) => {
        seen.push(done)
        all = total
      },
    })
    expect(seen.every((done, i) => i === 0 || done >= seen[i - 1]!)).toBe(true)
    expect(all).toBeGreaterThan(0)
    expect(seen.at(-1)).toBe(all)
  })

  it('change nothing in the compiled model', async () => {
    await run()
    for (const [name, values] of dense.weights) expect(compiled.read(name), name).toEqual(values)
  })
})

describe('what was measured', () => {
  it('is read the second time, for the same weights, data and settings only', async () => {
    const cacheDirectory = fresh()
    const first = await run({ cacheDirectory })
    expect(first.passes).toBeGreaterThan(100)
    const start = performance.now()
    expect(await run({ cacheDirectory })).toEqual({ curves: first.curves, passes: 0 })
    expect(performance.now() - start).toBeLessThan(1000)
    const others: Run[] = [
      { model: trained(graph, 2) },
      { dataset: randomImages(300, [8, 8, 3], 2) },
      { calibration: { images: 150, choose: 'spread' } },
      { calibration: { images: 149, choose: 'first' } },
      { fractions: curveFractions([0.45, 1]) },
    ]
    for (const other of others) {
      const step = async () => {
        throw stopped()
      }
      await expect(run({ cacheDirectory, ...other, step })).rejects.toMatchObject({ code: 'run.stopped' })
    }
  })

  it('goes on where it was stopped, to the same numbers', async () => {
    const whole = await run()
    const cacheDirectory = fresh()
    const stops = [40, 70, 1e9]
    const passes: number[] = []
    for (const stop of stops) {
      let left = stop
      const step = async () => {
        if (--left < 0) throw stopped()
      }
      const attempt = await run({ cacheDirectory, step }).catch((error: unknown) => error)
      if (attempt instanceof EspalierError) expect(attempt.code).toBe('run.stopped')
      else {
        const { curves, passes: own } = attempt as Awaited<ReturnType<typeof run>>
        expect(curves).toEqual(whole.curves)
        passes.push(own)
      }
    }
    expect(passes).toHaveLength(1)
    expect(passes[0]).toBeLessThan(whole.passes - 60)
  })

  it('is measured again where its file is damaged', async () => {
    const cacheDirectory = fresh()
    const { curves } = await run({ cacheDirectory })
    const [name] = readdirSync(join(cacheDirectory, 'distortion'))
    const file = join(cacheDirectory, 'distortion', name!)
    for (const text of ['', '{"batch":2', '{}', readFileSync(file, 'utf8').replace(/"counts":\[\d+/, '"counts":[7')]) {
      writeFileSync(file, text)
      const again = await run({ cacheDirectory })
      expect(again.curves).toEqual(curves)
      expect(again.passes).toBeGreaterThan(100)
    }
  })
})

describe('calibration', () => {
  const source = (count: number) => randomImages(count, [2, 2, 3])

  it('takes the first samples, or samples at even distances', () => {
    expect([...calibrationIndices(source(10), { images: 4, choose: 'first' })]).toEqual([0, 1, 2, 3])
    expect([...calibrationIndices(source(10), { images: 4, choose: 'spread' })]).toEqual([0, 2, 5, 7])
    expect([...calibrationIndices(source(4), { images: 4, choose: 'spread' })]).toEqual([0, 1, 2, 3])
  })

  it('refuses more samples than there are, and data without training samples', async () => {
    const error = {
      code: 'argument.invalid',
      message: 'calibration.images is 5, and the data set has 4 training samples.',
    }
    expect(() => calibrationIndices(source(4), { images: 5, choose: 'spread' })).toThrow(expect.objectContaining(error))
    await expect(run({ calibration: { images: 301, choose: 'first' } })).rejects.toMatchObject({
      code: 'argument.invalid',
    })
    const empty = { ...randomImages(1, [8, 8, 3]), splits: {} }
    await expect(run({ dataset: empty })).rejects.toMatchObject({ code: 'dataset.no-split' })
  })

  it('needs no data when it is noise, and the noise is normal and always the same', async () => {
    const batches = calibrationBatches(
      { ...randomImages(1, [8, 8, 3]), splits: {} },
      { images: 150, choose: 'noise' },
      compiled,
      new AbortController().signal,
    )
    const values: number[] = []
    for await (const { given, count } of batches) {
      const { shape, values: noise } = given.values!.get('input')!
      expect(shape).toEqual([count, 8, 8, 3])
      values.push(...noise)
    }
    expect(values).toHaveLength(150 * 192)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    expect(Math.abs(mean)).toBeLessThan(0.05)
    expect(Math.abs(variance - 1)).toBeLessThan(0.05)
    const calibration = { images: 40, choose: 'noise' } as const
    const { curves } = await run({ calibration, dataset: { ...randomImages(1, [8, 8, 3]), splits: {} } })
    expect(curves[3]!.mean.at(-1)).toBeGreaterThan(0)
    expect((await run({ calibration, dataset: randomImages(5, [8, 8, 3]) })).curves).toEqual(curves)
  })
})

it('stops at logits that are not finite', async () => {
  const bias = dense.weights.get('linear.bias')!.map(() => Number.POSITIVE_INFINITY)
  const model = { ...dense, weights: new Map([...dense.weights, ['linear.bias', bias]]) }
  await expect(run({ model })).rejects.toMatchObject({
    code: 'run.not-finite',
    message: 'The logits of the model as it is are not all finite.',
  })
})

it('measures whole allocations: of one pruned layer it is that point of its curve', async () => {
  const dataset = randomImages(300, [8, 8, 3])
  const { curves } = await run({ dataset })
  compiled.assign(dense)
  const only = (layer: number, point: number) => curves.map(({ zeroed }, i) => (i === layer ? zeroed[point]! : 0))
  const measureJoint = (curve: 'mean' | 'worst') =>
    jointDistortion({
      compiled,
      model: dense,
      rankings: rankLayers(dense, { score: 'magnitude' }),
      allocations: [curves.map(() => 0), only(1, 5), only(6, 6), curves.map(({ zeroed }) => zeroed[6]!)],
      curve,
      batches: calibrationBatches(dataset, { images: 150, choose: 'first' }, compiled, new AbortController().signal),
      step: async () => {},
    })
  const [none, first, second, all] = await measureJoint('mean')
  expect(none).toBe(0)
  expect(first! / curves[1]!.mean[5]!).toBeCloseTo(1, 3)
  expect(second! / curves[6]!.mean[6]!).toBeCloseTo(1, 3)
  expect(all).toBeGreaterThan(first!)
  const worst = await measureJoint('worst')
  expect(worst[1]! / curves[1]!.worst[5]!).toBeCloseTo(1, 3)
})

const data = '../shared/data'
const reference = `${data}/reference/distortion-resnet20.json`
type Reference = Record<string, { distortion: Record<string, { zeroed: number; mean: number; worst: number }> }>

describe.skipIf(!existsSync(reference))('with ../shared/data', () => {
  it('ResNet-20 has the distortions of PyTorch: counts equal, mean within 1 %, worst within 2 %', async () => {
    const layers: Reference = JSON.parse(readFileSync(reference, 'utf8')).layers
    // `npm run bench -- allocate` takes all of them.
    const some = ['layer1.1.conv2', 'layer2.0.conv1', 'layer3.2.conv2', 'linear']
    const { model } = importModel(await openCheckpoint(`${data}/checkpoints/resnet20-12fca82f.th`))
    const dataset = await openDataset(`${data}/cifar10-first1000`)
    const network = new CompiledModel(engine, model.graph, preprocessing)
    try {
      network.assign(model)
      const rankings = rankLayers(model, { score: 'magnitude' })
      expect(rankings.map(({ layer }) => layer)).toEqual(Object.keys(layers))
      const measured = Object.keys(layers['conv1']!.distortion).map(Number)
      const counts = rankings.map(({ layer, keys }) =>
        some.includes(layer) ? zeroedCounts(measured, keys.length) : [],
      )
      const state = emptyState(counts)
      await measure({
        compiled: network,
        model,
        rankings,
        batches: calibrationBatches(dataset, { images: 256, choose: 'first' }, network, new AbortController().signal),
        state,
        step: async () => {},
        saved: async () => {},
      })
      expect(state.samples).toBe(256)
      for (const [i, { layer }] of rankings.entries()) {
        for (const [at, count] of counts[i]!.entries()) {
          const what = `${layer} ${measured[at]}`
          const expected = layers[layer]!.distortion[String(measured[at])]!
          expect(count, what).toBe(expected.zeroed)
          expect(Math.abs(state.tallies[i]!.sums[at]! / 256 / expected.mean - 1), what).toBeLessThan(0.01)
          expect(Math.abs(state.tallies[i]!.worst[at]! / expected.worst - 1), what).toBeLessThan(0.02)
        }
      }
    } finally {
      network.dispose()
      await dataset.close()
    }
  })
})
