/** Prints the SHA-256 of all that a number of training steps leaves behind. Arguments: steps, precision. */
import { createHash } from 'node:crypto'
import { loadEngine } from '../../../src/engine/runtime/load.ts'
import { batch, batchSizes, compile, kernels, masks, momentum, weights } from './small-network.ts'

const [steps = '25', precision = 'f32'] = process.argv.slice(2)
const model = compile(await loadEngine(), {
  optimizer: momentum,
  masked: new Set(kernels),
  precision: precision === 'bf16' ? 'bf16' : 'f32',
})
model.assign({ weights: weights(), masks: masks() })
const hash = createHash('sha256')
for (let step = 0; step < Number(steps); step++) {
  const { loss } = model.step({ ...batch(step % batchSizes.length), learningRate: 0.01, seed: step })
  hash.update(Float64Array.of(loss))
}
for (const [key, values] of model.readState()) hash.update(key).update(values)
process.stdout.write(`${hash.digest('hex')}\n`)
