/**
 * Between ONNX layout (a Model) and TensorFlow's (the session). Kernels are OIHW there and HWIO here, images NCHW
 * there and NHWC here; everything else is the same in both. This is the only place that converts.
 */
import type { Dims } from '../../core/graph/dims.ts'
import type { Parameter } from '../../core/graph/model.ts'

const isKernel = ({ role, dims }: Parameter) => role === 'weight' && dims.length === 4

export function tensorflowDims(parameter: Parameter): Dims {
  const [out, input, height, width] = parameter.dims
  return isKernel(parameter) ? [height!, width!, input!, out!] : parameter.dims
}

/** The values in TensorFlow's order; the same array where the order is the same. */
export function toTensorflow(parameter: Parameter, values: Float32Array): Float32Array {
  return isKernel(parameter) ? permute(values, parameter.dims, [2, 3, 1, 0]) : values
}

/** The values in ONNX order; the same array where the order is the same. */
export function toOnnx(parameter: Parameter, values: Float32Array): Float32Array {
  return isKernel(parameter) ? permute(values, tensorflowDims(parameter), [3, 2, 0, 1]) : values
}

/** Activations of a batch from TensorFlow's order to ONNX's: NHWC to NCHW. */
export function activationsToOnnx(shape: Dims, values: Float32Array): Float32Array {
  return shape.length === 4 ? permute(values, shape, [0, 3, 1, 2]) : values
}

/** A transposed copy: axis i of the result is axis `axes[i]` of the four-dimensional `values`. */
function permute(values: Float32Array, dims: Dims, axes: readonly [number, number, number, number]): Float32Array {
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, size) => product * size, 1))
  const sizes = axes.map(axis => dims[axis]!)
  const steps = axes.map(axis => strides[axis]!)
  const result = new Float32Array(values.length)
  let at = 0
  for (let a = 0; a < sizes[0]!; a++)
    for (let b = 0; b < sizes[1]!; b++)
      for (let c = 0; c < sizes[2]!; c++)
        for (let d = 0, from = a * steps[0]! + b * steps[1]! + c * steps[2]!; d < sizes[3]!; d++, from += steps[3]!)
          result[at++] = values[from]!
  return result
}
