/** The layout of pixels: everything is brought to height x width x channels. */

/**
 * Planes (channels x pixels) of one sample to interleaved (pixels x channels).
 * Reads `channels * pixels` values of `planes` from `from`, writes as many into `into` from `at`.
 */
export function interleave(
  planes: Uint8Array | Float32Array,
  from: number,
  into: Uint8Array | Float32Array,
  at: number,
  channels: number,
  pixels: number,
): void {
  for (let channel = 0; channel < channels; channel++) {
    const plane = from + channel * pixels
    for (let pixel = 0; pixel < pixels; pixel++) into[at + pixel * channels + channel] = planes[plane + pixel]!
  }
}

export interface ArrayLayout {
  /** [height, width, channels], or [steps, features]. */
  readonly shape: readonly number[]
  readonly isPlanar: boolean
  /** How it was told, for the import report. */
  readonly guess: string
}

const couldBeChannels = (dim: number): boolean => dim === 1 || dim === 3

/** What the dims of an array of samples mean, samples first; null where they cannot be what is asked for. */
export function guessLayout(dims: readonly number[], kind: 'image' | 'series'): ArrayLayout | null {
  const [, a = 0, b = 0, c = 0] = dims
  if (kind === 'series')
    return dims.length === 3 ? { shape: [a, b], isPlanar: false, guess: 'samples x steps x features' } : null
  if (dims.length === 3) return { shape: [a, b, 1], isPlanar: false, guess: 'samples x height x width, one channel' }
  if (dims.length !== 4) return null
  if (couldBeChannels(a) && !couldBeChannels(c)) {
    return { shape: [b, c, a], isPlanar: true, guess: 'samples x channels x height x width' }
  }
  return { shape: [a, b, c], isPlanar: false, guess: 'samples x height x width x channels' }
}
