import type { Normalization } from '../../core/normalization.ts'
import type { GraphWriter, Output } from '../tensorflow/graph-writer.ts'

/**
 * The samples as the model wants them: (x - mean) / std for each channel (the last axis), where x is a pixel / 255
 * for uint8 samples and the stored value for float32 samples.
 */
export function writeInput(graph: GraphWriter, samples: Output, { mean, std }: Normalization): Output {
  const isBytes = samples.type === 'uint8'
  const floats = isBytes ? graph.cast(samples, 'float32') : samples
  const scale = std.map(deviation => 1 / (deviation * (isBytes ? 255 : 1)))
  const shift = mean.map((value, channel) => -value / std[channel]!)
  return graph.binary('AddV2', graph.binary('Mul', floats, graph.floats(scale)), graph.floats(shift))
}
