/** Finds the architecture of a checkpoint from the names and dims of its tensors alone. */
import { EspalierError } from '../shared/errors.ts'
import { architectureOf, families } from './architectures.ts'
import type { AnyFamily } from './family.ts'
import { prunableLayers } from './graph/cost.ts'
import { type Dims, formatDims, sameDims } from './graph/dims.ts'
import type { Graph } from './graph/model.ts'

export interface NamedDims {
  readonly name: string
  readonly dims: Dims
}

export interface Identified {
  /** Architecture id, such as `resnet20-a`. */
  readonly id: string
  readonly classes: number
  /** The channels (features) are the checkpoint's, height and width (steps) the architecture's usual ones. */
  readonly inputDims: Dims
  readonly graph: Graph
  /** Stored tensor name -> parameter name; every parameter of the graph occurs once. */
  readonly mapping: ReadonlyMap<string, string>
  /** Stored tensors that carry nothing the network computes with. */
  readonly ignored: readonly string[]
}

/**
 * PyTorch's batch counters play no part in inference or training with a fixed momentum; EdgeML stores the parameters of
 * a recurrent cell a second time under `unrollRNN`.
 */
const isIgnored = (name: string) => name.endsWith('num_batches_tracked') || name.includes('.unrollRNN.')

/** A stored name as the family would write it, without the prefix that PyTorch's DataParallel adds. */
function translate(name: string, { nameAliases }: AnyFamily): string {
  const bare = name.replace(/^module\./, '')
  const alias = nameAliases.find(({ pattern }) => pattern.test(bare))
  return alias ? bare.replace(alias.pattern, alias.replacement) : bare
}

/** The graph of `id` with as many classes and input channels (of a series: features) as the tensors have. */
function buildFor(id: string, tensors: ReadonlyMap<string, Dims>): Graph {
  const usual = architectureOf(id)
  const layers = prunableLayers(usual)
  const [first, last] = [layers[0]!, layers.at(-1)!].map(({ kernel }) => tensors.get(kernel))
  const [outer, ...rest] = usual.input.dims
  const isSeries = usual.input.dims.length === 2
  const inputDims = isSeries ? [outer!, first?.[0] || rest[0]!] : [first?.[1] || outer!, ...rest]
  return architectureOf(id, { classes: last?.[0] || usual.output.dims[0]!, inputDims })
}

/** What keeps the tensors from being the parameters of `graph`, each as a clause. */
function misfits(graph: Graph, tensors: readonly { stored: string; name: string; dims: Dims }[]): string[] {
  const parameters = new Map(Object.entries(graph.parameters))
  const found = new Map(tensors.map(tensor => [tensor.name, tensor]))
  const wrong = [...parameters].flatMap(([name, { dims }]) => {
    const tensor = found.get(name)
    if (!tensor) return [`${name} (${formatDims(dims)}) is missing`]
    return sameDims(tensor.dims, dims)
      ? []
      : [`${tensor.stored} is ${formatDims(tensor.dims)}, not ${formatDims(dims)}`]
  })
  const surplus = tensors.filter(tensor => !parameters.has(tensor.name) || found.get(tensor.name) !== tensor)
  return [...wrong, ...surplus.map(({ stored, dims }) => `${stored} (${formatDims(dims)}) is left over`)]
}

const shown = 4

function listed(clauses: readonly string[]): string {
  const more = clauses.length - shown
  return clauses.slice(0, shown).join('; ') + (more > 0 ? `; and ${more} more` : '')
}

/**
 * The architecture whose parameters these tensors are, all of them and no other. With `id`, only that one is tried.
 * Throws `checkpoint.no-architecture` where nothing looks alike and `checkpoint.mismatch` where something nearly fits,
 * naming the tensors that do not.
 */
export function identify(tensors: readonly NamedDims[], id?: string): Identified {
  if (id !== undefined) architectureOf(id) // an unknown id is told as such
  const ignored = tensors.filter(({ name }) => isIgnored(name)).map(({ name }) => name)
  const stored = tensors.filter(({ name }) => !isIgnored(name))
  let closest: { id: string; problems: string[] } | undefined
  for (const family of families) {
    const named = stored.map(({ name, dims }) => ({ stored: name, name: translate(name, family), dims }))
    const dimsByName = new Map(named.map(({ name, dims }) => [name, dims]))
    const ids = id === undefined ? family.guess(dimsByName) : family.parses(id) ? [id] : []
    for (const candidate of ids) {
      const graph = buildFor(candidate, dimsByName)
      const problems = misfits(graph, named)
      if (problems.length === 0) {
        return {
          id: candidate,
          classes: graph.output.dims[0]!,
          inputDims: graph.input.dims,
          graph,
          mapping: new Map(named.map(({ stored: from, name }) => [from, name])),
          ignored,
        }
      }
      if (!closest || problems.length < closest.problems.length) closest = { id: candidate, problems }
    }
  }
  if (closest)
    throw new EspalierError({
      code: 'checkpoint.mismatch',
      message: `The tensors come nearest to ${closest.id}, but ${closest.problems.length === 1 ? 'one of them does' : `${closest.problems.length} of them do`} not fit: ${listed(closest.problems)}.`,
      rule: 'A checkpoint must hold every parameter of its architecture in the right dims, and nothing else.',
    })
  throw new EspalierError({
    code: 'checkpoint.no-architecture',
    message:
      stored.length === 0
        ? 'The checkpoint holds no tensors.'
        : `The tensors fit no known architecture; they start with ${listed(stored.map(({ name, dims }) => `${name} (${formatDims(dims)})`))}.`,
    rule: 'The architecture is found from the names and dims of the tensors.',
    hint: `Known: ${families.map(family => family.label).join(', ')}.`,
  })
}
