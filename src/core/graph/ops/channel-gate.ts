import { formatDims, sameDims } from '../dims.ts'
import type { GraphNode } from '../model.ts'
import { invalidNode, type OpRule } from '../op-rule.ts'

/**
 * Gates the channels of a value for each sample (five-systems 4a-1; Gao et al. 2019, "Dynamic channel pruning"). From a value
 * x that is at hand, a predictor tells how salient the channels of y are, all but the `keep` most salient of them are closed,
 * and the open ones are scaled by their salience:
 *   s = mean of x over height and width, through a sigmoid where `squeeze` says so;  g = relu(s A^T + b);
 *   all but the openChannels(keep, C) largest of g become 0, of equals the later ones;  y[c] g[c]
 * y [C, H, W], x [D, H', W'], A [C, D], b [C] -> [C, H, W].
 *
 * One node, and not ONNX primitives: as those it would be some ten of them with a scatter in the middle.
 */
export const channelGate: OpRule = {
  values: 2,
  parameters: ['gate', 'bias'],
  required: 2,
  attributes: ['keep', 'squeeze'],
  outputDims(node, [value, source], [gate, bias]) {
    const [channels] = value!
    if (value!.length !== 3 || source!.length !== 3)
      throw invalidNode(node, `gates images, found ${formatDims(value!)} and ${formatDims(source!)}`)
    if (!sameDims(gate!, [channels!, source![0]!]))
      throw invalidNode(node, `its matrix must be ${channels}x${source![0]}, found ${formatDims(gate!)}`)
    if (!sameDims(bias!, [channels!])) throw invalidNode(node, `the bias must have ${channels} entries`)
    gateOf(node)
    return value!
  },
  macs: (_output, [gate]) => gate![0]! * gate![1]!,
}

export interface Gate {
  /** Share of the channels that are open for a sample. */
  readonly keep: number
  /** What the predictor sees of a channel: its mean, or the sigmoid of that. */
  readonly squeeze: 'mean' | 'sigmoid'
}

export function gateOf(node: GraphNode): Gate {
  const { keep, squeeze = 'mean' } = node.attributes
  if (typeof keep !== 'number' || !(keep > 0 && keep <= 1)) throw invalidNode(node, '"keep" must be a number in (0, 1]')
  if (squeeze !== 'mean' && squeeze !== 'sigmoid') throw invalidNode(node, '"squeeze" must be mean or sigmoid')
  return { keep, squeeze }
}

/** The published code rounds to the nearest; one channel stays open always. */
export const openChannels = (keep: number, channels: number): number => Math.max(1, Math.round(keep * channels))
