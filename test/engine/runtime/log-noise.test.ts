import { expect, it } from 'vitest'
import { isLogNoise } from '../../../src/engine/runtime/log-noise.ts'

it('is what TensorFlow writes at every start, and no warning, error or line of ours', () => {
  const noise = [
    'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
    'I0000 00:00:1795577701.095642    1452 port.cc:153] oneDNN custom operations are on. You may see',
  ]
  const worth = [
    'W0000 00:00:1795577701.095642    1452 gpu_device.cc:2344] Cannot dlopen some GPU libraries.',
    'E0000 00:00:1795577701.095642    1452 cuda_dnn.cc:8579] Unable to register cuDNN factory',
    'WARNING: something else',
    'I0000 is a line of somebody',
    'terminate called after throwing an instance of std::bad_alloc',
  ]
  expect(noise.map(isLogNoise)).toEqual([true, true])
  expect(worth.map(isLogNoise)).toEqual(worth.map(() => false))
})
