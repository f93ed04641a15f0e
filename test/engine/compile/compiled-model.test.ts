import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { GraphBuilder } from '../../../src/core/graph/builder.ts'
import type { Graph, Weights } from '../../../src/core/graph/model.ts'
import { inferShapes } from '../../../src/core/graph/shapes.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { normalization } from '../../../src/core/normalization.ts'
import { prune } from '../../../src/core/pruning/prune.ts'
import { createRandom } from '../../../src/core/random.ts'
import { CompiledModel } from '../../../src/engine/compile/compiled-model.ts'
import { type Engine, loadEngine } from '../../../src/engine/runtime/load.ts'
import { expectClose, imagesLast, randomValues } from '../tensorflow/single-op.ts'

let engine: Engine
const open: CompiledModel[] = []
beforeAll(async () => {
  engine = await loadEngine()
})
afterAll(() => {
  for (const model of open) model.dispose()
})

// Reads as `gc()` in a process that was started with --expose-gc; the setting can be made later as well.
setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const plain = { sampleType: 'float32', normalization: { mean: [0], std: [1] } } as const
const noMasks = new Map<string, Uint8Array>()

function compile(graph: Graph, weights: Weights, options: ConstructorParameters<typeof CompiledModel>[2] = plain) {
  const model = new CompiledModel(engine, graph, options)
  open.push(model)
  model.assign({ weights, masks: noMasks })
  return model
}

/** Fresh weights, with batch norm statistics and biases as a trained network has them. */
function trainedWeights(graph: Graph, seed: number): Map<string, Float32Array> {
  const weights = new Map(initialise(graph, seed))
  const random = createRandom(seed)
  for (const [name, { role }] of Object.entries(graph.parameters)) {
    const values = weights.get(name)!
    if (role === 'variance' || role === 'gamma')
      weights.set(
        name,
        values.map(() => 0.5 + random.uniform()),
      )
    if (role === 'mean' || role === 'beta' || role === 'bias')
      weights.set(
        name,
        values.map(() => random.normal()),
      )
  }
  return weights
}

const bytes = (count: number) => new Uint8Array(count).map((_, i) => (i * 7919) % 251)

describe('folding batch normalisation', () => {
  function network(): Graph {
    const g = new GraphBuilder([3, 8, 8])
    const biased = g.conv('biased', g.input, { out: 4, kernel: 3, stride: 2, padding: 1, bias: true })
    const depthwise = g.conv('depthwise', g.relu('r1', g.batchNorm('bn1', biased)), {
      out: 4,
      kernel: 3,
      padding: 1,
      group: 4,
    })
    const second = g.relu('r2', g.batchNorm('bn2', depthwise))
    // Read twice: its batch norm has to stand on its own. And a norm that follows no convolution.
    const shared = g.conv('shared', second, { out: 4, kernel: 1 })
    const sum = g.add('sum', g.batchNorm('bn3', shared), shared)
    const x = g.flatten('flatten', g.globalAveragePool('pool', g.batchNorm('bn4', g.relu('r4', sum))))
    const graph = g.build(g.batchNorm('bn5', g.gemm('linear', x, { out: 6 })))
    // Large enough to be missed if it were left out.
    const attributes = { epsilon: 0.1, momentum: 0.9 }
    const nodes = graph.nodes.map(node => (node.op === 'BatchNormalization' ? { ...node, attributes } : node))
    return { ...graph, nodes }
  }

  it('changes nothing but the order of rounding', () => {
    const graph = network()
    const model = compile(graph, trainedWeights(graph, 3))
    const samples = imagesLast(randomValues(5 * 192, 4), [3, 8, 8])
    const unfolded = model.probe(samples, 5, ['bn5']).get('bn5')!
    expectClose(model.predict(samples, 5), unfolded, 1e-5)
    expect(Math.max(...unfolded.map(Math.abs))).toBeGreaterThan(0.1)
  })

  it('follows the variables: new statistics count at once', () => {
    const graph = network()
    const [first, second] = [trainedWeights(graph, 3), trainedWeights(graph, 5)]
    const model = compile(graph, first)
    const samples = randomValues(192, 4)
    const before = model.predict(samples, 1)
    model.assign({ weights: second, masks: noMasks })
    expectClose(model.predict(samples, 1), compile(graph, second).predict(samples, 1))
    expect(model.predict(samples, 1)).not.toEqual(before)
  })
})

describe('a compiled ResNet', () => {
  const ids = ['resnet8-a', 'resnet8-b', 'resnet8-a-w2'] as const

  it.each(ids)('%s tells the same whatever the batch', id => {
    const graph = architectureOf(id)
    const model = compile(graph, trainedWeights(graph, 1), {
      sampleType: 'uint8',
      normalization: normalization('imagenet', 3),
    })
    const samples = bytes(128 * 3072)
    const labels = Int32Array.from({ length: 128 }, (_, i) => i % 10)
    const whole = model.predict(samples, 128)
    const scores = [1, 7, 120].map((count, i, counts) => {
      const from = counts.slice(0, i).reduce((sum, n) => sum + n, 0)
      const part = samples.slice(from * 3072, (from + count) * 3072)
      expectClose(model.predict(part, count), whole.slice(from * 10, (from + count) * 10), 1e-4)
      return model.evaluate(part, labels.slice(from, from + count))
    })
    const score = model.evaluate(samples, labels)
    const sum = (key: 'loss' | 'top1' | 'top5') => scores.reduce((total, part) => total + part[key], 0)
    expect([sum('top1'), sum('top5')]).toEqual([score.top1, score.top5])
    expect(sum('loss')).toBeCloseTo(score.loss, 2)
    expect(scores.flatMap(part => [...part.predictions])).toEqual([...score.predictions])
  })

  it.each(ids)('%s: each value has the dims that shape inference gives', id => {
    const graph = architectureOf(id)
    const model = compile(graph, trainedWeights(graph, 1))
    const shapes = inferShapes(graph)
    const names = [...shapes.keys()]
    const values = model.probe(randomValues(2 * 3072, 1), 2, names)
    for (const [name, dims] of shapes)
      expect(values.get(name), name).toHaveLength(2 * dims.reduce((product, size) => product * size, 1))
  })

  it('probes in ONNX layout', () => {
    const g = new GraphBuilder([2, 3, 4])
    const graph = g.build(g.flatten('flatten', g.relu('relu', g.input)))
    const batch = randomValues(2 * 24, 1)
    const model = compile(graph, new Map())
    const values = model.probe(imagesLast(batch, [2, 3, 4]), 2, ['input', 'relu', 'flatten'])
    expect(values.get('input')).toEqual(batch)
    expect(values.get('relu')).toEqual(batch.map(value => Math.max(value, 0)))
    expect(values.get('flatten')).toEqual(values.get('relu'))
  })

  it('adds a shortcut of option A: every second pixel, zero channels on both sides', () => {
    const g = new GraphBuilder([4, 4, 4])
    const shortcut = g.padChannels('pad', g.subsample('half', g.input, 2), 2, 3)
    const graph = g.build(g.flatten('flatten', shortcut))
    const batch = randomValues(64, 2)
    const expected = Array.from({ length: 9 }, (_, channel) =>
      [0, 2].flatMap(y => [0, 2].map(x => (channel >= 2 && channel < 6 ? batch[(channel - 2) * 16 + y * 4 + x]! : 0))),
    )
    expect([...compile(graph, new Map()).predict(imagesLast(batch, [4, 4, 4]), 1)]).toEqual(expected.flat())
  })
})

describe('samples', () => {
  const graph = () => {
    const g = new GraphBuilder([3, 1, 2])
    return g.build(g.flatten('flatten', g.input))
  }

  it('are pixels / 255, normalised channel by channel', () => {
    const { mean, std } = normalization('imagenet', 3)
    const model = compile(graph(), new Map(), { sampleType: 'uint8', normalization: { mean, std } })
    const pixels = Uint8Array.of(0, 128, 255, 10, 20, 30) // two pixels of red, green, blue
    const expected = [0, 1, 2].flatMap(c => [0, 1].map(x => (pixels[x * 3 + c]! / 255 - mean[c]!) / std[c]!))
    expectClose(model.predict(pixels, 1), expected, 1e-6)
  })

  it('of float32 are taken as they are', () => {
    const model = compile(graph(), new Map(), {
      sampleType: 'float32',
      normalization: { mean: [1, 2, 3], std: [1, 2, 4] },
    })
    expectClose(model.predict(Float32Array.of(1, 4, 3, 0, 0, 11), 1), [0, -1, 1, -1, 0, 2], 1e-6)
  })
})

describe('scoring', () => {
  /** The samples are the logits. */
  function score(logits: readonly (readonly number[])[], labels: readonly number[]) {
    const g = new GraphBuilder([logits[0]!.length, 1, 1])
    const model = compile(g.build(g.flatten('flatten', g.input)), new Map())
    return model.evaluate(Float32Array.from(logits.flat()), Int32Array.from(labels))
  }

  it('counts the label among the largest logits', () => {
    const ramp = [7, 6, 5, 4, 3, 2, 1]
    const result = score([ramp, ramp, ramp, ramp, ramp.toReversed()], [0, 1, 4, 5, 0])
    expect(result).toMatchObject({ top1: 1, top5: 3, predictions: Int32Array.of(0, 0, 0, 0, 6) })
  })

  it('sums cross-entropies in nats', () => {
    const { loss } = score(
      [
        [0, 0],
        [Math.log(3), 0],
      ],
      [0, 1],
    )
    expect(loss).toBeCloseTo(Math.log(2) + Math.log(4), 6)
  })

  it('ranks the lower class first where logits are equal', () => {
    const equal = Array<number>(10).fill(1)
    const all = Array.from({ length: 10 }, (_, label) => label)
    const result = score(
      all.map(() => equal),
      all,
    )
    expect(result).toMatchObject({ top1: 1, top5: 5, predictions: new Int32Array(10) })
    expect(score([[1, 2, 2, 0]], [2])).toMatchObject({ top1: 0, top5: 1, predictions: Int32Array.of(1) })
  })

  it('scores fewer than five classes', () => {
    expect(score([[1, 2, 3]], [0])).toMatchObject({ top1: 0, top5: 1 })
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('has a loss that is not finite where a logit is %s', value => {
    expect(score([[0, value, 0, 0, 0]], [0]).loss).not.toSatisfy(Number.isFinite)
    expect(score([[0, value, 0, 0, 0]], [1]).loss).not.toSatisfy(Number.isFinite)
  })

  it('refuses a label that is no class', () => {
    expect(() => score([[1, 2]], [2])).toThrow(expect.objectContaining({ code: 'engine.failed' }))
  })
})

describe('weights', () => {
  const graph = architectureOf('resnet8-b')

  it('come back as they were set, in ONNX layout', () => {
    const weights = trainedWeights(graph, 2)
    const model = compile(graph, weights)
    for (const [name, values] of weights) expect(model.read(name), name).toEqual(values)
  })

  it('that are masked are exactly zero', () => {
    const dense = { architecture: 'resnet8-b', graph, weights: trainedWeights(graph, 2), masks: noMasks }
    const pruned = prune(dense, { score: 'magnitude', allocation: 'global', sparsity: 0.7 })
    const model = compile(graph, dense.weights)
    // The masks alone have to do it: the weights handed over are the dense ones.
    model.assign({ weights: dense.weights, masks: pruned.model.masks })
    let zeros = 0
    for (const [name, mask] of pruned.model.masks) {
      const values = model.read(name)
      expect(values, name).toEqual(pruned.model.weights.get(name))
      zeros += mask.filter(kept => kept === 0).length
      expect(values.every((value, i) => mask[i] === 1 || Object.is(value, 0))).toBe(true)
    }
    expect(zeros).toBe(pruned.zeros)
  })
})

describe('memory', () => {
  it('is constant over a thousand calls', { timeout: 120_000 }, () => {
    const graph = architectureOf('resnet8-a')
    const model = compile(graph, trainedWeights(graph, 1), {
      sampleType: 'uint8',
      normalization: normalization('imagenet', 3),
    })
    const { binding, tf } = engine
    const [samples, labels] = [bytes(16 * 3072), new Int32Array(16)]
    const calls = (count: number) => {
      for (let i = 0; i < count; i++) {
        model.evaluate(samples, labels)
        if (i % 50 === 0) {
          model.predict(samples, 16)
          model.probe(samples, 16, ['relu'])
          model.assign({ weights: trainedWeights(graph, i), masks: noMasks })
          model.read('conv1.weight')
        }
      }
      collectGarbage()
      return process.memoryUsage().rss / 2 ** 20
    }
    calls(200)
    const tensors = [binding.getNumOfTensors(), tf.memory().numTensors]
    const rss = Array.from({ length: 10 }, () => calls(100))
    expect([binding.getNumOfTensors(), tf.memory().numTensors]).toEqual(tensors)
    // A batch and its answers are 50 kB: calls that kept them would add 25 MB from one half to the other. The least of
    // each half, because arrays that wait to be freed come and go.
    expect(Math.min(...rss.slice(5)) - Math.min(...rss.slice(0, 5)), rss.join(' ')).toBeLessThan(12)
  })

  it('is given back by dispose', () => {
    const { binding } = engine
    const graph = architectureOf('resnet8-a')
    const before = binding.getNumOfSavedModels()
    const model = new CompiledModel(engine, graph, plain)
    expect(binding.getNumOfSavedModels()).toBe(before + 1)
    model.dispose()
    model.dispose()
    expect(binding.getNumOfSavedModels()).toBe(before)
    expect(() => model.predict(new Float32Array(3072), 1)).toThrow('closed')
  })
})
