import { projectionParameters } from '../../../core/distillation/projections.ts'
import type { TapPair } from '../../../core/distillation/taps.ts'
import type { GraphWriter, Output } from '../../tensorflow/graph-writer.ts'
import type { DistillationLossWriter, FeatureOptions } from '../distillation-loss.ts'

/** Norms below this count as this (PyTorch's `cosine_similarity`), and so do standard deviations below the other. */
const smallestNorm = 1e-8
const smallestDeviation = 1e-6

/**
 * Mean over the taps of MSE(P s, t) + beta (1 - cos(GAP(P s), GAP(t))), where P is the tap's 1x1 convolution, GAP the mean
 * over the image, MSE the mean over all entries and the cosine a mean over samples (five-systems, section 1a).
 */
export const feature: DistillationLossWriter<FeatureOptions> = {
  parameters: ({ taps }) => projectionParameters(taps),
  reads: ({ taps }) => taps.map(({ teacher }) => teacher.value),
  write(graph, { taps, beta, scaling }, { student, teacher, count, weight, parameters }) {
    const names = Object.keys(projectionParameters(taps))
    const share = weight / taps.length
    const written = taps.map((pair, index) =>
      writeTap(graph, pair, {
        student: graph.as(student.get(pair.student.value)!, 'float32'),
        teacher: teacher.get(pair.teacher.value)!,
        kernel: parameters.get(names[index]!)!,
        count,
        squares: share,
        cosine: share * beta,
        scaling,
      }),
    )
    const [squares, cosine] = [graph.sum(written.map(tap => tap.squares)), graph.sum(written.map(tap => tap.cosine))]
    return {
      sum: graph.binary('AddV2', squares, cosine),
      parts: new Map([
        ['featureLoss', squares],
        ['cosineLoss', cosine],
      ]),
      gradients: new Map(taps.map((pair, index) => [pair.student.value, written[index]!.studentGradient])),
      parameterGradients: new Map(names.map((name, index) => [name, written[index]!.kernelGradient])),
    }
  },
}

interface TapInputs {
  /** [batch, height, width, channels] */
  readonly student: Output
  readonly teacher: Output
  /** [1, 1, student's channels, teacher's channels] */
  readonly kernel: Output
  readonly count: Output
  /** Weights of the two terms. */
  readonly squares: number
  readonly cosine: number
  readonly scaling: boolean
}

function writeTap(graph: GraphWriter, pair: TapPair, inputs: TapInputs) {
  const [own, height, width] = pair.student.dims as readonly [number, number, number]
  const channels = pair.teacher.dims[0]!
  const pixels = height * width
  const rows = graph.reshape(inputs.student, [-1, own])
  const kernel = graph.reshape(inputs.kernel, [own, channels])
  const scale = inputs.scaling ? inverseDeviation(graph, inputs.teacher) : undefined
  const scaled = (value: Output) => (scale ? graph.binary('Mul', value, scale) : value)
  const images = [-1, pixels, channels]
  const projected = scaled(graph.reshape(graph.matMul(rows, kernel), images))
  const target = scaled(graph.reshape(inputs.teacher, images))
  const difference = graph.binary('Sub', projected, target)
  const cosine = writeCosine(graph, pooled(graph, projected), pooled(graph, target))

  // By the projected map: 2 (P s - t) / entries, and the gradient of the pooled features spread over their pixels.
  const per = (value: number) => graph.binary('RealDiv', graph.scalar(value), inputs.count)
  const bySquares = graph.binary('Mul', difference, per((2 * inputs.squares) / (pixels * channels)))
  const byCosine = graph.binary('Mul', cosine.gradient, per(inputs.cosine / pixels))
  const spread = graph.binary('AddV2', bySquares, graph.reshape(byCosine, [-1, 1, channels]))
  const gradient = graph.reshape(scaled(spread), [-1, channels])
  const squared = graph.unary('L2Loss', difference)
  return {
    squares: graph.binary('Mul', squared, graph.scalar((2 * inputs.squares) / (pixels * channels))),
    cosine: graph.binary('Mul', cosine.sum, graph.scalar(inputs.cosine)),
    studentGradient: graph.reshape(graph.matMul(gradient, kernel, 'b'), [-1, height, width, own]),
    kernelGradient: graph.reshape(graph.matMul(rows, gradient, 'a'), [1, 1, own, channels]),
  }
}

const pooled = (graph: GraphWriter, images: Output) => graph.reduce('Mean', images, [1], false)

/** Sum of 1 - cos(a, b) over the samples of [batch, channels], and of its gradient by `a`: (cos a/|a| - b/|b|) / |a|. */
function writeCosine(graph: GraphWriter, a: Output, b: Output): { readonly sum: Output; readonly gradient: Output } {
  const normOf = (x: Output) => {
    const squares = graph.reduce('Sum', graph.unary('Square', x), [1], true)
    return graph.binary('Maximum', graph.unary('Sqrt', squares), graph.scalar(smallestNorm))
  }
  const norm = normOf(a)
  const [u, v] = [graph.binary('RealDiv', a, norm), graph.binary('RealDiv', b, normOf(b))]
  const cosine = graph.reduce('Sum', graph.binary('Mul', u, v), [1], true)
  return {
    sum: graph.reduce('Sum', graph.binary('Sub', graph.scalar(1), cosine), [0, 1], false),
    gradient: graph.binary('RealDiv', graph.binary('Sub', graph.binary('Mul', cosine, u), v), norm),
  }
}

/** 1 / the standard deviation of all entries, with n - 1 as PyTorch has it: float32 scalar. */
function inverseDeviation(graph: GraphWriter, x: Output): Output {
  const flat = graph.reshape(x, [-1])
  const centred = graph.binary('Sub', flat, graph.reduce('Mean', flat, [0], false))
  const size = graph.node('Size', [flat], 'int32', {
    attributes: { T: { type: 'float32' }, out_type: { type: 'int32' } },
  })
  const others = graph.binary('Sub', graph.cast(size, 'float32'), graph.scalar(1))
  const variance = graph.binary('RealDiv', graph.binary('Mul', graph.unary('L2Loss', centred), graph.scalar(2)), others)
  const deviation = graph.binary('Maximum', graph.unary('Sqrt', variance), graph.scalar(smallestDeviation))
  return graph.binary('RealDiv', graph.scalar(1), deviation)
}
