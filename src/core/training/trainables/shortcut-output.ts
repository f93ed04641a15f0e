import { outputParameters, shortcutParameters, type Trainable, whole } from '../trainable.ts'

export const shortcutOutput: Trainable = ({ graph }) =>
  whole([...shortcutParameters(graph), ...outputParameters(graph)])
