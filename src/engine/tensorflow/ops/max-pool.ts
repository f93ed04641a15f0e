import type { TensorflowOp } from '../op.ts'
import { nativePadding, padImage, pool, poolWindow } from '../window.ts'

/** Maximum over windows. Padding never wins, so it is -infinity. */
export const maxPool: TensorflowOp = {
  forward({ graph, node, inputDims }, [x]) {
    const window = poolWindow(node)
    const padding = nativePadding(window, inputDims[0]!.slice(1))
    const padded = padding ? x! : padImage(graph, x!, window.pads, Number.NEGATIVE_INFINITY)
    return pool(graph, 'MaxPool', padded, window, padding ?? 'VALID')
  },
}
