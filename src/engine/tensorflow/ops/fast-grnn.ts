import type { TensorflowOp } from '../op.ts'

/**
 * The recurrence of FastGRNN (Kusupati et al. 2018; the formula is in `core/graph/ops/fast-grnn.ts`) written out step
 * by step: [batch, steps, hidden] -> the last state, [batch, hidden].
 */
export const fastGrnn: TensorflowOp = {
  forward({ graph, inputDims }, [inputs, recurrent, gateBias, updateBias, zeta, nu]) {
    const [steps] = inputDims[0]!
    const attributes = { T: { type: inputs!.type }, num: { int: steps! }, axis: { int: 1 } } as const
    const unpacked = graph.node('Unpack', [inputs!], inputs!.type, { attributes })
    const [scaledZeta, scaledNu] = [graph.unary('Sigmoid', zeta!), graph.unary('Sigmoid', nu!)]
    const one = graph.floats([1], [])
    let h: typeof unpacked | undefined
    for (let step = 0; step < steps!; step++) {
      const input = { ...unpacked, name: `${unpacked.name}:${step}` }
      // The first state is zero.
      const p = h ? graph.binary('AddV2', input, graph.matMul(h, recurrent!)) : input
      const z = graph.unary('Sigmoid', graph.binary('AddV2', p, gateBias!))
      const c = graph.unary('Tanh', graph.binary('AddV2', p, updateBias!))
      const kept = graph.binary('Mul', scaledZeta, graph.binary('Sub', one, z))
      const update = graph.binary('Mul', graph.binary('AddV2', kept, scaledNu), c)
      h = h ? graph.binary('AddV2', graph.binary('Mul', z, h), update) : update
    }
    return h!
  },
}
