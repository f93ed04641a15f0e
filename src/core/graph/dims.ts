/** Sizes of an array, outermost first. Values leave the batch dimension out. */
export type Dims = readonly number[]

export const elementCount = (dims: Dims): number => dims.reduce((product, size) => product * size, 1)

export const sameDims = (a: Dims, b: Dims): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis])

/** `16x3x3x3`; a scalar reads `scalar`. */
export const formatDims = (dims: Dims): string => (dims.length === 0 ? 'scalar' : dims.join('x'))
