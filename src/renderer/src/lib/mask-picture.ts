/** A kernel as a picture, a pixel a weight: output channels downwards, input channels across, each with its own patch. */

export interface MaskLayout {
  readonly width: number
  readonly height: number
  /** Place in the picture, row by row, of the weight with this index in stored (ONNX) order. */
  readonly pixelOf: (index: number) => number
}

/** `dims`: [out, in, height, width] of a convolution, [out, in] of a linear layer; of others the first stands downwards. */
export function maskLayout(dims: readonly number[]): MaskLayout {
  const [out = 1, ...rest] = dims
  const inside = rest.reduce((product, dim) => product * dim, 1)
  if (dims.length !== 4) return { width: inside, height: out, pixelOf: index => index }
  const [channels = 1, patchHeight = 1, patchWidth = 1] = rest
  const patch = patchHeight * patchWidth
  // Depthwise convolutions have one patch an output channel: in rows of about as many as there are rows.
  const across = channels === 1 ? Math.ceil(Math.sqrt(out)) : channels
  const down = Math.ceil((out * channels) / across)
  const width = across * patchWidth
  return {
    width,
    height: down * patchHeight,
    pixelOf(index) {
      const at = Math.floor(index / patch)
      const within = index % patch
      const y = Math.floor(at / across) * patchHeight + Math.floor(within / patchWidth)
      return y * width + (at % across) * patchWidth + (within % patchWidth)
    },
  }
}

/** RGBA of bits (`LayerWeights.mask`): `set` where a weight is not zero, `unset` where it is; pixels of no weight are clear. */
export function maskRgba(
  mask: string,
  dims: readonly number[],
  { width, height, pixelOf }: MaskLayout,
  colors: { readonly set: readonly number[]; readonly unset: readonly number[] },
): Uint8ClampedArray<ArrayBuffer> {
  const bits = Uint8Array.from(atob(mask), character => character.charCodeAt(0))
  const rgba = new Uint8ClampedArray(width * height * 4)
  const count = dims.reduce((product, dim) => product * dim, 1)
  for (let index = 0; index < count; index++) {
    const isSet = ((bits[index >> 3] ?? 0) >> (index & 7)) & 1
    rgba.set([...(isSet ? colors.set : colors.unset), 255], pixelOf(index) * 4)
  }
  return rgba
}
