/** The network, batches and masks of test/fixtures/generate/training.py, number for number. */
import { architectureOf } from '../../../src/core/architectures.ts'
import { elementCount } from '../../../src/core/graph/dims.ts'
import type { Graph } from '../../../src/core/graph/model.ts'
import { normalization } from '../../../src/core/normalization.ts'
import { TrainableModel, type TrainingOptions } from '../../../src/engine/compile/training.ts'
import type { Engine } from '../../../src/engine/runtime/load.ts'

export const graph = architectureOf('resnet8-a')
/** In PyTorch's order, which is the graph's. */
export const trainable = Object.entries(graph.parameters).filter(
  ([, { role }]) => role !== 'mean' && role !== 'variance',
)
export const kernels = trainable.filter(([, { role }]) => role === 'weight').map(([name]) => name)

/** Whole numbers in [0, 2^32): murmur3's finalizer. */
function hashed(count: number, stream: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => {
    let x = (i + stream * 1_000_003) >>> 0
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
    return (x ^ (x >>> 16)) >>> 0
  })
}

/** In [-1, 1). */
export const uniform = (count: number, stream: number) =>
  Array.from(hashed(count, stream), x => (x >>> 8) / 2 ** 23 - 1)

export function weights(): Map<string, Float32Array> {
  const result = new Map<string, Float32Array>()
  for (const [name, { role, dims }] of Object.entries(graph.parameters))
    if (role === 'mean' || role === 'variance')
      result.set(name, new Float32Array(elementCount(dims)).fill(role === 'mean' ? 0 : 1))
  for (const [stream, [name, { role, dims }]] of trainable.entries()) {
    const values = uniform(elementCount(dims), stream)
    const bound = Math.fround(Math.sqrt(6 / elementCount(dims.slice(1))))
    const scaled = (value: number) => (role === 'weight' ? value * bound : role === 'gamma' ? 1 + value / 4 : value / 4)
    result.set(name, Float32Array.from(values, scaled))
  }
  return result
}

export const batchSizes = [...Array<number>(9).fill(16), 7]

export function batch(step: number): { samples: Uint8Array; labels: Int32Array } {
  const count = batchSizes[step % batchSizes.length]!
  const labels = Int32Array.from(hashed(count, 2000 + step), x => x % 10)
  const samples = Uint8Array.from(hashed(count * 3072, 1000 + step), (x, at) => {
    const label = labels[Math.floor(at / 3072)]!
    return at % 3 === label % 3 ? Math.floor((x & 255) / (1 + label / 3)) : x & 255
  })
  return { samples, labels }
}

/** Every third weight of each kernel is masked. */
export function masks(): Map<string, Uint8Array> {
  return new Map(
    trainable.flatMap(([name, { role, dims }], i) =>
      role === 'weight'
        ? [[name, Uint8Array.from(hashed(elementCount(dims), 3000 + i), x => Number(x % 3 !== 0))]]
        : [],
    ),
  )
}

export const plainSgd = { kind: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 } as const
export const momentum = { kind: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0.05 } as const

export const compile = (
  engine: Engine,
  options: Partial<TrainingOptions> = {},
  network: Graph = graph,
): TrainableModel =>
  new TrainableModel(engine, network, {
    sampleType: 'uint8',
    normalization: normalization('imagenet', network.input.dims[0]!),
    precision: 'f32',
    optimizer: plainSgd,
    labelSmoothing: 0,
    ...options,
  })
