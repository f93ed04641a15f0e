import { batchNormParameters, outputParameters, shortcutParameters, type Trainable, whole } from '../trainable.ts'

export const batchnormShortcutOutput: Trainable = model =>
  whole([...batchNormParameters(model), ...shortcutParameters(model.graph), ...outputParameters(model.graph)])
