import type { GraphWriter, Output } from '../../tensorflow/graph-writer.ts'
import type { DistillationLossWriter, LogitOptions } from '../distillation-loss.ts'

const softmaxAttributes = { T: { type: 'float32' } } as const

/**
 * T^2 KL(softmax(t / T) || softmax(s / T)), mean over the samples. Its gradient by the student's logits is
 * T (softmax(s / T) - softmax(t / T)) / count: the factor T^2 keeps it as large as that of cross-entropy.
 */
export const logit: DistillationLossWriter<LogitOptions> = {
  parameters: () => ({}),
  reads: () => [],
  write(graph, { temperature }, { student, teacher, logits, count, weight }) {
    const inverse = graph.scalar(1 / temperature)
    const [own, taught] = [student.get(logits.student)!, teacher.get(logits.teacher)!].map(value =>
      logSoftmax(graph, graph.binary('Mul', value, inverse)),
    ) as [Output, Output]
    const target = graph.unary('Exp', taught)
    const divergence = graph.reduce('Sum', graph.binary('Mul', target, graph.binary('Sub', taught, own)), [0, 1], false)
    const sum = graph.binary('Mul', divergence, graph.scalar(weight * temperature ** 2))
    const difference = graph.binary('Sub', graph.unary('Exp', own), target)
    const scale = graph.binary('RealDiv', graph.scalar(weight * temperature), count)
    return {
      sum,
      parts: new Map([['logitLoss', sum]]),
      gradients: new Map([[logits.student, graph.binary('Mul', difference, scale)]]),
      parameterGradients: new Map(),
    }
  },
}

const logSoftmax = (graph: GraphWriter, x: Output) =>
  graph.node('LogSoftmax', [x], 'float32', { attributes: softmaxAttributes })
