/**
 * Matrix product, convolution and batch norm in a few loops of plain JavaScript, written from their definitions:
 * what TensorFlow's answers are held against. Layouts are TensorFlow's: images NHWC, kernels HWIO, row-major.
 */

/** Shapes of a convolution with stride 1 and padding SAME (odd kernels, centred). */
export interface ConvolutionSize {
  readonly batch: number
  readonly height: number
  readonly width: number
  readonly inputs: number
  readonly outputs: number
  readonly kernel: number
}

/** C[m,n] = A[m,k] B[k,n]. */
export function matMul(a: Float32Array, b: Float32Array, m: number, k: number, n: number): Float32Array {
  const c = new Float32Array(m * n)
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0
      for (let t = 0; t < k; t++) sum += a[i * k + t]! * b[t * n + j]!
      c[i * n + j] = sum
    }
  }
  return c
}

/** Calls `visit` with the offsets of every product x * w that is a part of one y. */
function eachProduct(size: ConvolutionSize, visit: (y: number, x: number, w: number) => void): void {
  const { batch, height, width, inputs, outputs, kernel } = size
  const half = (kernel - 1) / 2
  for (let b = 0; b < batch; b++)
    for (let r = 0; r < height; r++)
      for (let c = 0; c < width; c++)
        for (let kr = 0; kr < kernel; kr++)
          for (let kc = 0; kc < kernel; kc++) {
            const [xr, xc] = [r + kr - half, c + kc - half]
            if (xr < 0 || xr >= height || xc < 0 || xc >= width) continue
            for (let i = 0; i < inputs; i++)
              for (let o = 0; o < outputs; o++)
                visit(
                  ((b * height + r) * width + c) * outputs + o,
                  ((b * height + xr) * width + xc) * inputs + i,
                  ((kr * kernel + kc) * inputs + i) * outputs + o,
                )
          }
}

/** y = x * w. */
export function convolve(x: Float32Array, w: Float32Array, size: ConvolutionSize): Float32Array {
  const y = new Float32Array(size.batch * size.height * size.width * size.outputs)
  eachProduct(size, (iy, ix, iw) => {
    y[iy] = y[iy]! + x[ix]! * w[iw]!
  })
  return y
}

/** The gradients of a loss with respect to x and w, from its gradient `dy` with respect to y. */
export function convolveBackward(
  x: Float32Array,
  w: Float32Array,
  dy: Float32Array,
  size: ConvolutionSize,
): { readonly dx: Float32Array; readonly dw: Float32Array } {
  const dx = new Float32Array(x.length)
  const dw = new Float32Array(w.length)
  eachProduct(size, (iy, ix, iw) => {
    dx[ix] = dx[ix]! + dy[iy]! * w[iw]!
    dw[iw] = dw[iw]! + dy[iy]! * x[ix]!
  })
  return { dx, dw }
}

/** Batch norm in training mode over all but the last dimension: (x - mean) / sqrt(variance + epsilon) * gamma + beta. */
export function batchNorm(x: Float32Array, gamma: Float32Array, beta: Float32Array, epsilon: number): Float32Array {
  const channels = gamma.length
  const count = x.length / channels
  const y = new Float32Array(x.length)
  for (let c = 0; c < channels; c++) {
    let sum = 0
    for (let i = c; i < x.length; i += channels) sum += x[i]!
    const mean = sum / count
    let squares = 0
    for (let i = c; i < x.length; i += channels) squares += (x[i]! - mean) ** 2
    const scale = gamma[c]! / Math.sqrt(squares / count + epsilon)
    for (let i = c; i < x.length; i += channels) y[i] = (x[i]! - mean) * scale + beta[c]!
  }
  return y
}
