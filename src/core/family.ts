/** What a family of architectures tells the registry in `../architectures.ts`. */
import type { Dims } from './graph/dims.ts'
import type { Graph } from './graph/model.ts'
import type { Gate } from './graph/ops/channel-gate.ts'

export interface BuildOptions {
  readonly classes: number
  /** One sample without batch: [C, H, W], or [steps, features]. */
  readonly inputDims: Dims
}

/** CIFAR-10 and ImageNet, which most networks were published for. */
export const cifar: BuildOptions = { classes: 10, inputDims: [3, 32, 32] }
export const imagenet: BuildOptions = { classes: 1000, inputDims: [3, 224, 224] }

/** `Shape` is what an id of the family says: depth, shortcut option, width. */
export interface Family<Shape> {
  readonly family: string
  readonly label: string
  /** How its ids are written and which are allowed. */
  readonly help: string
  /** Ids that lists and suggestions name; `parse` takes others too. */
  readonly offered: readonly string[]
  /** null where the id is not one of this family. */
  readonly parse: (id: string) => Shape | null
  /** The task that the network was published for: what a graph is built for where nothing else is asked. */
  readonly usual: (shape: Shape) => BuildOptions
  readonly build: (shape: Shape, options: BuildOptions) => Graph
  /** Ids worth trying for tensors of these names (already translated by `nameAliases`) and dims, the likeliest first. */
  readonly guess: (tensors: ReadonlyMap<string, Dims>) => readonly string[]
  /** What weights of this shape leave open and the family takes for granted, each a sentence for the import report. */
  readonly assumptions: (shape: Shape) => readonly string[]
  /** How its published gates see a channel; the mean where absent. */
  readonly squeeze?: Gate['squeeze']
  /** Other projects' parameter names -> ours. The first pattern that matches is applied. */
  readonly nameAliases: readonly { readonly pattern: RegExp; readonly replacement: string }[]
}

/** A family whose `Shape` only the family itself needs to know. */
export interface AnyFamily extends Omit<Family<never>, 'parse' | 'usual' | 'build' | 'assumptions'> {
  readonly parses: (id: string) => boolean
  /** The graph of an id, or null where the id is not one of this family. */
  readonly buildId: (id: string, options: Partial<BuildOptions>) => Graph | null
  /** Empty where the id is not one of this family. */
  readonly assumptionsOf: (id: string) => readonly string[]
}

export function defineFamily<Shape>({ parse, usual, build, assumptions, ...family }: Family<Shape>): AnyFamily {
  return {
    ...family,
    parses: id => parse(id) !== null,
    buildId(id, options) {
      const shape = parse(id)
      return shape === null ? null : build(shape, { ...usual(shape), ...options })
    },
    assumptionsOf(id) {
      const shape = parse(id)
      return shape === null ? [] : assumptions(shape)
    },
  }
}
