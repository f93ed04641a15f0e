import type { Output } from '../graph-writer.ts'
import type { OpContext, TensorflowOp } from '../op.ts'
import { nativePadding, padImage, pool, poolGradient, poolWindow, unpadImage } from '../window.ts'

/** Maximum over windows. Padding never wins, so it is -infinity. */
export const maxPool: TensorflowOp = {
  forward: (context, [x]) => train(context, x!).output,
  train: (context, [x]) => train(context, x!),
}

function train({ graph, node, inputDims }: OpContext, x: Output) {
  const window = poolWindow(node)
  const padding = nativePadding(window, inputDims[0]!.slice(1))
  const padded = padding ? x : padImage(graph, x, window.pads, Number.NEGATIVE_INFINITY)
  const output = pool(graph, 'MaxPool', padded, window, padding ?? 'VALID')
  return {
    output,
    gradient(dy: Output) {
      const dPadded = poolGradient(graph, 'MaxPool', { x: padded, y: output, dy }, window, padding ?? 'VALID')
      return [padding ? dPadded : unpadImage(graph, dPadded, window.pads, x)]
    },
  }
}
