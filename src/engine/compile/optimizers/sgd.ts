import { type Optimizer, type SgdOptions, withWeightDecay } from '../optimizer.ts'

export function sgd({ momentum, nesterov, weightDecay }: SgdOptions): Optimizer {
  const T = { type: 'float32' } as const
  const use_locking = { bool: false } as const
  return {
    slots: momentum === 0 ? [] : ['momentum'],
    scalars: learningRate => ({ learningRate }),
    write(graph, update) {
      const { handle } = update.variable
      const { learningRate } = update.scalars
      const gradient = withWeightDecay(graph, update, weightDecay)
      const velocity = update.slots['momentum']
      if (!velocity) {
        const inputs = [handle, learningRate!, gradient]
        return graph.node('ResourceApplyGradientDescent', inputs, 'resource', { attributes: { T, use_locking } })
      }
      const inputs = [handle, velocity.handle, learningRate!, gradient, graph.scalar(momentum)]
      return graph.node('ResourceApplyMomentum', inputs, 'resource', {
        attributes: { T, use_locking, use_nesterov: { bool: nesterov } },
      })
    },
  }
}
