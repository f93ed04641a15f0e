import { beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { elementCount } from '../../../src/core/graph/dims.ts'
import type { Graph } from '../../../src/core/graph/model.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { createRandom } from '../../../src/core/random.ts'
import { CompiledModel } from '../../../src/engine/compile/compiled-model.ts'
import { type Engine, loadEngine } from '../../../src/engine/runtime/load.ts'

let engine: Engine
beforeAll(async () => {
  engine = await loadEngine()
})

/** Logits of float32 samples in the order they are fed. */
function predict(graph: Graph, weights: ReadonlyMap<string, Float32Array>, samples: Float32Array, count: number) {
  const channels = graph.input.dims.length === 3 ? graph.input.dims[0]! : graph.input.dims.at(-1)!
  const normalization = { mean: Array(channels).fill(0), std: Array(channels).fill(1) }
  const model = new CompiledModel(engine, graph, { sampleType: 'float32', normalization })
  try {
    model.assign({ weights, masks: new Map() })
    return model.predict(samples, count)
  } finally {
    model.dispose()
  }
}

function normals(length: number, seed: number): Float32Array {
  const random = createRandom(seed)
  return Float32Array.from({ length }, () => random.normal())
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))

/** FastGRNN and its classifier by the equations of five-systems 0.3, one number at a time. */
function fastGrnnByHand(weights: ReadonlyMap<string, Float32Array>, x: Float32Array, steps: number): number[] {
  const of = (name: string) => weights.get(name)!
  const [W, U, bz, bh] = [of('cell.W'), of('cell.U'), of('cell.bias_gate'), of('cell.bias_update')]
  const [zeta, nu] = [sigmoid(of('cell.zeta')[0]!), sigmoid(of('cell.nu')[0]!)]
  const hidden = bz.length
  const features = W.length / hidden
  let h: number[] = Array(hidden).fill(0)
  for (let t = 0; t < steps; t++) {
    h = h.map((old, j) => {
      let p = 0
      for (let i = 0; i < features; i++) p += x[t * features + i]! * W[i * hidden + j]!
      for (let i = 0; i < hidden; i++) p += h[i]! * U[i * hidden + j]!
      const z = sigmoid(p + bz[j]!)
      return z * old + (zeta * (1 - z) + nu) * Math.tanh(p + bh[j]!)
    })
  }
  const [fc, bias] = [of('fc.weight'), of('fc.bias')]
  return [...bias].map((b, k) => h.reduce((sum, value, j) => sum + value * fc[k * hidden + j]!, b))
}

describe('FastGRNN', () => {
  it.each([
    { steps: 1, features: 2, hidden: 3 },
    { steps: 7, features: 4, hidden: 5 },
    { steps: 128, features: 9, hidden: 80 },
  ])('follows its equations over $steps steps', ({ steps, features, hidden }) => {
    const graph = architectureOf(`fastgrnn-${hidden}`, { classes: 2, inputDims: [steps, features] })
    const weights = new Map(initialise(graph, 1))
    weights.set('cell.bias_gate', normals(hidden, 2))
    weights.set('cell.bias_update', normals(hidden, 3))
    weights.set('cell.nu', Float32Array.of(-1.5))
    const samples = normals(3 * steps * features, 4)
    const actual = predict(graph, weights, samples, 3)
    for (let sample = 0; sample < 3; sample++) {
      const x = samples.subarray(sample * steps * features, (sample + 1) * steps * features)
      for (const [k, value] of fastGrnnByHand(weights, x, steps).entries())
        expect(actual[sample * 2 + k]).toBeCloseTo(value, 4)
    }
  })
})

describe('Concat', () => {
  it('joins channels in the order of its inputs', () => {
    const node = { attributes: {}, outputs: [] }
    const graph: Graph = {
      input: { name: 'input', dims: [2, 1, 2] },
      output: { name: 'flat', dims: [12] },
      nodes: [
        { ...node, name: 'relu', op: 'Relu', inputs: ['input'], outputs: ['relu'] },
        {
          name: 'join',
          op: 'Concat',
          inputs: ['relu', 'input', 'relu'],
          outputs: ['join'],
          attributes: { axis: 1 },
        },
        { name: 'flat', op: 'Flatten', inputs: ['join'], outputs: ['flat'], attributes: { axis: 1 } },
      ],
      parameters: {},
    }
    // Fed as [row][column][channel]: channel 0 is 1, -3; channel 1 is -2, 4.
    const actual = predict(graph, new Map(), Float32Array.of(1, -2, -3, 4), 1)
    expect([...actual]).toEqual([1, 0, 0, 4, 1, -3, -2, 4, 1, 0, 0, 4])
  })
})

/** Weights that cost nothing to make: a fine saw, of a size that keeps activations in range; variances 1. */
function sawWeights(graph: Graph): Map<string, Float32Array> {
  return new Map(
    Object.entries(graph.parameters).map(([name, { dims, role }]) => {
      const values = new Float32Array(elementCount(dims)).fill(1)
      if (role === 'variance') return [name, values]
      const size = Math.sqrt(6 / elementCount(dims.slice(1)))
      return [name, values.map((_, i) => size * (((i * 0.618034) % 1) - 0.5))]
    }),
  )
}

describe('every family runs', () => {
  const small = { classes: 3, inputDims: [3, 32, 32] }
  it.each([
    'resnet18-cifar',
    'resnet50-imagenet',
    'wrn-10-2',
    'vgg11-cifar',
    'vgg11-bn-cifar',
    'densenet121-k12',
    'mobilenet-v1',
    'mobilenet-v1-cifar',
    'lenet5',
  ])('%s, and dropout changes nothing', id => {
    const graph = architectureOf(id, small)
    const weights = sawWeights(graph)
    const samples = normals(2 * 32 * 32 * 3, 5)
    const logits = predict(graph, weights, samples, 2)
    expect(logits).toHaveLength(6)
    expect(logits.every(Number.isFinite)).toBe(true)
    // The same without its dropout nodes.
    const dropouts = new Map(
      graph.nodes.filter(({ op }) => op === 'Dropout').map(({ outputs, inputs }) => [outputs[0]!, inputs[0]!]),
    )
    const nodes = graph.nodes
      .filter(({ op }) => op !== 'Dropout')
      .map(other => ({ ...other, inputs: other.inputs.map(name => dropouts.get(name) ?? name) }))
    if (dropouts.size > 0) expect(predict({ ...graph, nodes }, weights, samples, 2)).toEqual(logits)
  })
})
