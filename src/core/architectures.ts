/** The architectures: one file a family in `architectures/`, one line here. */
import { EspalierError } from '../shared/errors.ts'
import { nearest } from '../shared/nearest.ts'
import type { AnyFamily, BuildOptions } from './architectures/family.ts'
import { resnetCifar } from './architectures/resnet-cifar.ts'
import type { Graph } from './graph/model.ts'

export const families: readonly AnyFamily[] = [resnetCifar]

const defaults: BuildOptions = { classes: 10, inputDims: [3, 32, 32] }

/** The graph of an architecture id such as `resnet20-a`. Throws `architecture.unknown` with the nearest known id. */
export function architectureOf(id: string, options: Partial<BuildOptions> = {}): Graph {
  for (const family of families) {
    const graph = family.buildId(id, { ...defaults, ...options })
    if (graph) return graph
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
export const assumptionsOf = (id: string): readonly string[] => families.flatMap(family => family.assumptionsOf(id))
