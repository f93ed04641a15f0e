import { batchNormParameters, type Trainable, whole } from '../trainable.ts'

/** Running statistics are all that can move: a network without them would come out as it went in. */
export const none: Trainable = model => {
  batchNormParameters(model)
  return whole([])
}
