/** The optimizers: one file a family in `optimizers/`, one line here. */
import type { Optimizer, OptimizerOptions } from './optimizer.ts'
import { adam } from './optimizers/adam.ts'
import { sgd } from './optimizers/sgd.ts'

export function createOptimizer(options: OptimizerOptions): Optimizer {
  switch (options.kind) {
    case 'sgd':
      return sgd(options)
    case 'adam':
    case 'adamw':
      return adam(options)
  }
}
