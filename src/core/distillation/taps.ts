/**
 * Where feature distillation looks at a network: the output of each of its stages, behind the stage's last ReLU
 * (five-systems, section 1a). Stages are those that the layers' names say (`layer1` to `layer4` of ResNets), or, where
 * names say none, the sizes of the image on its way through the network.
 */
import { EspalierError } from '../../shared/errors.ts'
import { plural } from '../../shared/plural.ts'
import { type Dims, formatDims } from '../graph/dims.ts'
import type { Graph } from '../graph/model.ts'
import { inferShapes } from '../graph/shapes.ts'

export interface Tap {
  /** Name of the value. */
  readonly value: string
  /** [C, H, W] */
  readonly dims: Dims
}

/** What the student is compared with at one place. */
export interface TapPair {
  readonly student: Tap
  readonly teacher: Tap
}

/** In forward order. */
export function stageTaps(graph: Graph): Tap[] {
  const shapes = inferShapes(graph)
  const rectified = graph.nodes.flatMap(({ op, outputs: [value] }): Tap[] => {
    const dims = shapes.get(value!)!
    return op === 'Relu' && dims.length === 3 ? [{ value: value!, dims }] : []
  })
  const named = rectified.filter(({ value }) => stageName(value) !== undefined)
  const byStage = new Map<string, Tap>()
  if (named.length > 0) for (const tap of named) byStage.set(stageName(tap.value)!, tap)
  else for (const tap of rectified) byStage.set(tap.dims.slice(1).join('x'), tap)
  return [...byStage.values()]
}

const stageName = (value: string) => /^(layer\d+)\./.exec(value)?.[1]

/**
 * The taps of both networks, `asked` counted from 1, all where absent. Throws `argument.invalid` for one that a network
 * does not have, networks of different numbers of stages, and maps of different sizes.
 */
export function pairTaps(student: Graph, teacher: Graph, asked?: readonly number[]): TapPair[] {
  const [own, taught] = [stageTaps(student), stageTaps(teacher)]
  const common = Math.min(own.length, taught.length)
  if (common === 0)
    throw invalid(
      `The ${own.length === 0 ? 'student' : 'teacher'} has no stages whose features could be compared: no ReLU over an image.`,
    )
  if (!asked && own.length !== taught.length)
    throw invalid(`The student has ${plural(own.length, 'stage')} and the teacher ${taught.length}.`)
  const missing = asked?.find(number => number > common)
  if (missing !== undefined)
    throw invalid(
      `There is no tap ${missing}: the student has ${plural(own.length, 'stage')} and the teacher ${taught.length}.`,
      `Taps are numbers from 1 to ${common}.`,
    )
  return (asked ?? own.map((_, index) => index + 1)).map(number => {
    const pair = { student: own[number - 1]!, teacher: taught[number - 1]! }
    const [a, b] = [pair.student.dims, pair.teacher.dims]
    if (a[1] !== b[1] || a[2] !== b[2])
      throw invalid(
        `At tap ${number} the student has maps of ${formatDims(a.slice(1))} and the teacher of ${formatDims(b.slice(1))}.`,
        'Choose taps of one size with "taps", or networks with the same stem.',
      )
    return pair
  })
}

const invalid = (message: string, hint = 'Choose taps with "taps", or the loss logit.') =>
  new EspalierError({
    code: 'argument.invalid',
    message,
    rule: 'Feature distillation compares maps of one height and width at stages that both networks have.',
    hint,
  })
