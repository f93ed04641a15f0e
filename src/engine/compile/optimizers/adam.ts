import { type AdamOptions, type Optimizer, scaledWeight, withWeightDecay } from '../optimizer.ts'

/**
 * PyTorch divides by sqrt(v / (1 - beta2^t)) + epsilon. TensorFlow's op takes the correction out of the root, into the
 * learning rate, and so divides by sqrt(v) + epsilon: the same where its epsilon is PyTorch's times sqrt(1 - beta2^t).
 */
export function adam({ kind, beta1, beta2, epsilon, weightDecay }: AdamOptions): Optimizer {
  const T = { type: 'float32' } as const
  const use_locking = { bool: false } as const
  const isDecoupled = kind === 'adamw' && weightDecay > 0
  return {
    slots: ['first-moment', 'second-moment'],
    scalars: (learningRate, step) => ({
      learningRate,
      beta1Power: beta1 ** step,
      beta2Power: beta2 ** step,
      epsilon: epsilon * Math.sqrt(1 - beta2 ** step),
      ...(isDecoupled && { decay: learningRate * weightDecay }),
    }),
    write(graph, update) {
      const { variable, slots, scalars } = update
      const gradient = kind === 'adam' ? withWeightDecay(graph, update, weightDecay) : update.gradient
      const shrunk = isDecoupled
        ? graph.node(
            'AssignSubVariableOp',
            [variable.handle, scaledWeight(graph, variable, scalars['decay']!, gradient)],
            'resource',
            {
              attributes: { dtype: T },
            },
          )
        : undefined
      const inputs = [
        variable.handle,
        slots['first-moment']!.handle,
        slots['second-moment']!.handle,
        scalars['beta1Power']!,
        scalars['beta2Power']!,
        scalars['learningRate']!,
        graph.scalar(beta1),
        graph.scalar(beta2),
        scalars['epsilon']!,
        gradient,
      ]
      return graph.node('ResourceApplyAdam', inputs, 'resource', {
        attributes: { T, use_locking, use_nesterov: { bool: false } },
        ...(shrunk && { after: [shrunk] }),
      })
    },
  }
}
