/** In a file, and so in a process, of its own: what other tests leave behind would be seen here. */
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { GraphBuilder } from '../../../src/core/graph/builder.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { normalization } from '../../../src/core/normalization.ts'
import { TrainableModel } from '../../../src/engine/compile/training.ts'
import { loadEngine } from '../../../src/engine/runtime/load.ts'
import { momentum } from './small-network.ts'

/** Large batches and little to compute: what a step forgets to give back is most of what it takes. */
function smallNetwork() {
  const g = new GraphBuilder([3, 32, 32])
  const x = g.relu('relu', g.batchNorm('bn', g.conv('conv', g.input, { out: 4, kernel: 3, stride: 2, padding: 1 })))
  return g.build(g.gemm('linear', g.flatten('flatten', g.globalAveragePool('pool', x)), { out: 10 }))
}

/** MB of TensorFlow and all that is not JavaScript's heap, whose size is a matter of when it is swept; and what is on it. */
async function memory(): Promise<{ native: number; script: number }> {
  setFlagsFromString('--expose-gc')
  const sweep: () => void = runInNewContext('gc')
  // The memory of arrays is given back by a thread of its own, some time after the arrays are gone.
  for (let i = 0; i < 3; i++) {
    sweep()
    await setTimeout(200)
  }
  const { rss, heapTotal, heapUsed } = process.memoryUsage()
  return { native: (rss - heapTotal) / 2 ** 20, script: heapUsed / 2 ** 20 }
}

it('tensors and memory are constant over two thousand steps', { timeout: 120_000 }, async () => {
  const engine = await loadEngine()
  const graph = smallNetwork()
  const model = new TrainableModel(engine, graph, {
    sampleType: 'uint8',
    normalization: normalization('imagenet', 3),
    precision: 'f32',
    optimizer: momentum,
    labelSmoothing: 0.1,
    masked: new Set(['conv.weight', 'linear.weight']),
  })
  const count = 128
  model.assign({ weights: initialise(graph, 0), masks: new Map() })
  const run = (steps: number) => {
    for (let step = 0; step < steps; step++) {
      // Fresh arrays, as in a real run: 393 kB a step.
      const samples = new Uint8Array(count * 3072).fill(step)
      const labels = Int32Array.from({ length: count }, (_, i) => i % 10)
      model.step({ samples, labels, learningRate: 0.01, seed: step })
      if (step % 20 > 0) continue
      model.gradients({ samples, labels, seed: step }, ['conv.weight'])
      model.recalibrate(samples, count, 0.1)
      model.assignMasks(new Map())
      model.assignState(model.readState())
    }
    return memory()
  }
  const warm = await run(500)
  const tensors = [engine.binding.getNumOfTensors(), engine.tf.memory().numTensors]
  const after = await run(2000)
  expect([engine.binding.getNumOfTensors(), engine.tf.memory().numTensors]).toEqual(tensors)
  // Batches that were kept would be 786 MB, and those of every twentieth step 39 MB.
  expect(after.native - warm.native).toBeLessThan(20)
  expect(after.script - warm.script).toBeLessThan(4)
  model.dispose()
})
