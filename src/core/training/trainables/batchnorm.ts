import { batchNormParameters, type Trainable, whole } from '../trainable.ts'

/** Frankle, Schwab and Morcos 2021, "Training BatchNorm and Only BatchNorm": the output layer stays random too. */
export const batchnorm: Trainable = model => whole(batchNormParameters(model))
