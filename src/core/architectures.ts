/** The architectures: one file a family in `architectures/`, one line here. */
import { EspalierError } from '../shared/errors.ts'
import { nearest } from '../shared/nearest.ts'
import { densenet } from './architectures/densenet.ts'
import { fastgrnn } from './architectures/fastgrnn.ts'
import { lenet } from './architectures/lenet.ts'
import { mobilenetV1 } from './architectures/mobilenet-v1.ts'
import { resnet } from './architectures/resnet.ts'
import { resnetCifar } from './architectures/resnet-cifar.ts'
import { vgg } from './architectures/vgg.ts'
import { wideResnet } from './architectures/wide-resnet.ts'
import type { AnyFamily, BuildOptions } from './family.ts'
import { graphCost } from './graph/cost.ts'
import type { Dims } from './graph/dims.ts'
import { gateGraph, ungated } from './graph/gates.ts'
import type { Graph } from './graph/model.ts'

export const families: readonly AnyFamily[] = [
  resnetCifar,
  resnet,
  wideResnet,
  vgg,
  densenet,
  mobilenetV1,
  lenet,
  fastgrnn,
]

/**
 * The graph of an architecture id such as `resnet20-a`, for the task it was published for where `options` does not say; with
 * gates (`graph/gates.ts`) where the id ends in `+gate` and what they keep. Throws `architecture.unknown` with the nearest
 * known id.
 */
export function architectureOf(id: string, options: Partial<BuildOptions> = {}): Graph {
  const { id: base, keep } = ungated(id)
  for (const family of families) {
    const graph = family.buildId(base, options)
    if (graph && keep === undefined) return graph
    if (graph && keep !== undefined) return gateGraph(graph, { keep, squeeze: family.squeeze ?? 'mean' })
  }
  const near = nearest(
    id,
    families.flatMap(({ offered }) => offered),
  )
  throw new EspalierError({
    code: 'architecture.unknown',
    message: `There is no architecture "${id}".`,
    rule: `Architecture ids: ${families.map(({ help }) => help).join('; ')}.`,
    hint: near ? `Did you mean "${near}"?` : 'The command "architectures" lists them.',
  })
}

/** What weights leave open and the architecture takes for granted, each a sentence. */
export const assumptionsOf = (id: string): readonly string[] =>
  families.flatMap(family => family.assumptionsOf(ungated(id).id))

export interface ArchitectureDescription {
  readonly id: string
  /** What a person calls its family. */
  readonly label: string
  /** Trainable parameters. */
  readonly params: number
  /** Weights that pruning may touch. */
  readonly prunable: number
  /** Gammas and betas. */
  readonly batchNorm: number
  /** For one sample. */
  readonly macs: number
  /** One sample without batch. */
  readonly input: Dims
  readonly classes: number
}

/** Counts of an architecture in its usual task. Throws `architecture.unknown`. */
export function describeArchitecture(id: string): ArchitectureDescription {
  const graph = architectureOf(id)
  const { parameters, prunable, batchNorm, macs } = graphCost(graph)
  return {
    id,
    label: families.find(({ parses }) => parses(ungated(id).id))!.label,
    params: parameters,
    prunable,
    batchNorm,
    macs,
    input: graph.input.dims,
    classes: graph.output.dims[0]!,
  }
}

/** Networks with gates that were published (five-systems 4a-1); any other is gated by the end of its id in the same way. */
const gated = ['resnet32-a+gate0.7', 'vgg16-bn-fc4096-cifar+gate0.7']

/** Every architecture that lists name, by family. Ids of other sizes are understood too (`family.help`). */
export const offeredArchitectures = (): ArchitectureDescription[] =>
  [...families.flatMap(({ offered }) => offered), ...gated].map(describeArchitecture)
