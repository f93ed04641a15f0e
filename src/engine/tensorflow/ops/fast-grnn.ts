import type { GraphWriter, Output } from '../graph-writer.ts'
import type { Differentiable, OpContext, TensorflowOp } from '../op.ts'

/**
 * The recurrence of FastGRNN (Kusupati et al. 2018; the formula is in `core/graph/ops/fast-grnn.ts`) written out step
 * by step: [batch, steps, hidden] -> the last state, [batch, hidden]. It is float32 whatever the input: a state that goes
 * through all steps would gather the rounding of each.
 */
export const fastGrnn: TensorflowOp = {
  forward: (context, inputs) => recurrence(context, inputs).states.at(-1)!,
  train,
}

/** What a step leaves for the way back. */
interface Step {
  /** The state before it; none before the first step, where it is zero. */
  readonly h: Output | undefined
  readonly z: Output
  readonly c: Output
  /** sigmoid(zeta) (1 - z) + sigmoid(nu) */
  readonly rate: Output
}

function recurrence({ graph, inputDims }: OpContext, inputs: readonly Output[]) {
  const [series, recurrent, gateBias, updateBias, zeta, nu] = inputs as readonly [Output, ...Output[]]
  const [steps] = inputDims[0]!
  const attributes = { T: { type: 'float32' }, num: { int: steps! }, axis: { int: 1 } } as const
  const unpacked = graph.node('Unpack', [graph.as(series, 'float32')], 'float32', { attributes })
  const [scaledZeta, scaledNu] = [graph.unary('Sigmoid', zeta!), graph.unary('Sigmoid', nu!)]
  const one = graph.scalar(1)
  const taken: Step[] = []
  const states: Output[] = []
  for (let step = 0; step < steps!; step++) {
    const input = { ...unpacked, name: `${unpacked.name}:${step}` }
    const h = states.at(-1)
    const p = h ? graph.binary('AddV2', input, graph.matMul(h, recurrent!)) : input
    const z = graph.unary('Sigmoid', graph.binary('AddV2', p, gateBias!))
    const c = graph.unary('Tanh', graph.binary('AddV2', p, updateBias!))
    const rate = graph.binary('AddV2', graph.binary('Mul', scaledZeta, graph.binary('Sub', one, z)), scaledNu)
    const update = graph.binary('Mul', rate, c)
    states.push(h ? graph.binary('AddV2', graph.binary('Mul', z, h), update) : update)
    taken.push({ h, z, c, rate })
  }
  return { states, steps: taken, scaledZeta, scaledNu }
}

function train(context: OpContext, inputs: readonly Output[]): Differentiable {
  const { graph } = context
  const { states, steps, scaledZeta, scaledNu } = recurrence(context, inputs)
  const [series, recurrent] = inputs as readonly [Output, Output]
  return {
    output: states.at(-1)!,
    gradient(dy) {
      const of = {
        p: [] as Output[],
        gate: [] as Output[],
        update: [] as Output[],
        zeta: [] as Output[],
        nu: [] as Output[],
      }
      let dh = dy
      for (const { h, z, c, rate } of steps.toReversed()) {
        const dRate = graph.binary('Mul', dh, c)
        // h' = z h + (zeta (1 - z) + nu) c, so z moves it by h - zeta c.
        const lost = graph.binary('Mul', scaledZeta, dRate)
        const dz = h ? graph.binary('Sub', graph.binary('Mul', dh, h), lost) : graph.unary('Neg', lost)
        const dGate = graph.unaryGradient('SigmoidGrad', z, dz)
        const dUpdate = graph.unaryGradient('TanhGrad', c, graph.binary('Mul', dh, rate))
        const dp = graph.binary('AddV2', dGate, dUpdate)
        of.p.unshift(dp)
        of.gate.push(dGate)
        of.update.push(dUpdate)
        of.zeta.push(graph.binary('Sub', dRate, graph.binary('Mul', dRate, z)))
        of.nu.push(dRate)
        if (h) dh = graph.binary('AddV2', graph.binary('Mul', dh, z), graph.matMul(dp, recurrent, 'b'))
      }
      return [
        graph.as(packSteps(graph, of.p), series.type),
        recurrentGradient(graph, states.slice(0, -1), of.p.slice(1), recurrent),
        total(graph, of.gate, [0]),
        total(graph, of.update, [0]),
        scaled(graph, scaledZeta, total(graph, of.zeta, [0, 1])),
        scaled(graph, scaledNu, total(graph, of.nu, [0, 1])),
      ]
    },
  }
}

/** Over all steps and `axes`: [1, hidden] or [1, 1]. */
const total = (graph: GraphWriter, values: readonly Output[], axes: readonly number[]) =>
  graph.reduce('Sum', graph.concat(values, 0), axes, true)

/** By what is under the sigmoid. */
const scaled = (graph: GraphWriter, sigmoid: Output, gradient: Output) =>
  graph.unaryGradient('SigmoidGrad', sigmoid, gradient)

function packSteps(graph: GraphWriter, values: readonly Output[]): Output {
  const attributes = { T: { type: 'float32' }, N: { int: values.length }, axis: { int: 1 } } as const
  return graph.node('Pack', values, 'float32', { attributes })
}

/** Sum over the steps of h^T dp, as one product. A single step has none: its state before is zero. */
function recurrentGradient(
  graph: GraphWriter,
  states: readonly Output[],
  dps: readonly Output[],
  recurrent: Output,
): Output {
  if (states.length === 0) return graph.binary('Mul', recurrent, graph.scalar(0))
  return graph.matMul(graph.concat(states, 0), graph.concat(dps, 0), 'a')
}
