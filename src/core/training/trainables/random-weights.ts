import { elementCount } from '../../graph/dims.ts'
import { createRandom, type Random } from '../../random.ts'
import { batchNormParameters, type Trainable } from '../trainable.ts'

/**
 * As many weights of convolutions as there are gammas and betas: the control of Frankle et al. 2021, where every output
 * channel has two of them. So it comes out wherever each convolution has its own batch norm; elsewhere some channels,
 * drawn at random, have one more than others. Pruned weights are not drawn.
 */
export const randomWeights: Trainable = (model, seed) => {
  const { graph, masks } = model
  const count = batchNormParameters(model).reduce((sum, name) => sum + elementCount(graph.parameters[name]!.dims), 0)
  const random = createRandom(seed)
  const updateMasks = new Map<string, Uint8Array>()
  for (const { kernel, weights } of draw(channelsOf(graph, masks), count, random)) {
    const mask = updateMasks.get(kernel) ?? new Uint8Array(elementCount(graph.parameters[kernel]!.dims))
    for (const index of weights) mask[index] = 1
    updateMasks.set(kernel, mask)
  }
  return { parameters: new Set(updateMasks.keys()), updateMasks }
}

/** Weights of one output channel, by their place in the kernel. */
interface Channel {
  readonly kernel: string
  readonly weights: readonly number[]
}

/** In ONNX layout the weights of an output channel lie together. */
function channelsOf(
  { nodes, parameters }: Parameters<Trainable>[0]['graph'],
  masks: Parameters<Trainable>[0]['masks'],
) {
  return nodes.flatMap(({ op, inputs }): Channel[] => {
    const kernel = inputs[1]!
    if (op !== 'Conv') return []
    const [out, ...rest] = parameters[kernel]!.dims
    const size = elementCount(rest)
    const mask = masks.get(kernel)
    return Array.from({ length: out! }, (_, channel) => {
      const all = Array.from({ length: size }, (_, i) => channel * size + i)
      return { kernel, weights: mask ? all.filter(index => mask[index] === 1) : all }
    })
  })
}

/** `count` of all weights, the same number in every channel as far as that goes. */
function draw(channels: readonly Channel[], count: number, random: Random): Channel[] {
  let left = count
  let open = channels.filter(({ weights }) => weights.length > 0)
  const taken = new Map<Channel, number>()
  while (left > 0 && open.length > 0) {
    const lucky = left < open.length ? sample(open, left, random) : open
    for (const channel of lucky) taken.set(channel, (taken.get(channel) ?? 0) + 1)
    left -= lucky.length
    open = open.filter(channel => taken.get(channel)! < channel.weights.length)
  }
  return [...taken].map(([{ kernel, weights }, own]) => ({ kernel, weights: sample(weights, own, random) }))
}

/** `count` of the items, each as likely as another: the first steps of Fisher and Yates' shuffle. */
function sample<T>(items: readonly T[], count: number, random: Random): T[] {
  const shuffled = [...items]
  for (let i = 0; i < count; i++) {
    const other = i + random.below(shuffled.length - i)
    ;[shuffled[i], shuffled[other]] = [shuffled[other]!, shuffled[i]!]
  }
  return shuffled.slice(0, count)
}
