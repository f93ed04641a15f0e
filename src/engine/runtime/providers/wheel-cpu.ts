import type { Provider } from '../provider.ts'
import { buildFromWheel, wheelUnsuitable } from '../wheel-engine.ts'

/** The CPU build of TensorFlow: a 262 MB wheel. */
export const wheelCpu: Provider = {
  id: 'wheel-cpu',
  label: 'TensorFlow for the CPU, from the Python wheel',
  revision: 1,
  unsuitable: wheelUnsuitable,
  build: context => buildFromWheel('tensorflow-cpu', context),
}
