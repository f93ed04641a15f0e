import { trainableParameters } from '../../graph/cost.ts'
import { type Trainable, whole } from '../trainable.ts'

export const all: Trainable = ({ graph }) => whole(trainableParameters(graph))
