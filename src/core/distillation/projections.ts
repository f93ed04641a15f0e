/** The 1x1 convolutions through which a student's features are compared with a teacher's. They are no part of the student. */
import type { Parameter, Weights } from '../graph/model.ts'
import { createRandom, deriveSeed } from '../random.ts'
import type { TapPair } from './taps.ts'

/** One for each pair, also where the widths are equal (five-systems, section 1a): kernels [teacher's, student's, 1, 1]. */
export function projectionParameters(taps: readonly TapPair[]): Record<string, Parameter> {
  return Object.fromEntries(
    taps.map(({ student, teacher }) => [
      `projection.${student.value}`,
      { role: 'weight', dims: [teacher.dims[0]!, student.dims[0]!, 1, 1] },
    ]),
  )
}

/** Uniform in +-sqrt(6 / (fan-in + fan-out)): Glorot and Bengio 2010, equation 16. */
export function initialiseProjections(parameters: Readonly<Record<string, Parameter>>, seed: number): Weights {
  return new Map(
    Object.entries(parameters).map(([name, { dims }]) => {
      const [out, input] = dims
      const random = createRandom(deriveSeed(seed, 'projection', name))
      const bound = Math.sqrt(6 / (input! + out!))
      return [name, Float32Array.from({ length: out! * input! }, () => bound * (2 * random.uniform() - 1))]
    }),
  )
}
