/**
 * Mean and standard deviation per channel that inputs are normalised with: (x - mean) / std, where x is a pixel / 255
 * (uint8 samples) or the stored value itself (float32 samples). The ids and their labels are in `shared/methods.ts`.
 */
import { EspalierError } from '../shared/errors.ts'
import type { NormalizationId } from '../shared/methods.ts'

export interface Normalization {
  /** One value a channel. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/** A single value stands for any number of channels, three belong to red, green and blue. */
const presets: Readonly<Record<Exclude<NormalizationId, 'training'>, Normalization>> = {
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  cifar10: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] },
  // The deviations of code that averages the deviation of each image instead of taking that of all pixels.
  'cifar10-short': { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] },
  half: { mean: [0.5], std: [0.5] },
  none: { mean: [0], std: [1] },
}

/**
 * The preset for samples of `channels` channels. A colour preset is refused where there are no three channels: the
 * mean of its three values is a choice that no checkpoint we know was trained with, and a silent one.
 * `measured` is what `training` stands for. Throws `argument.invalid`.
 */
export function normalization(id: NormalizationId, channels: number, measured?: Normalization): Normalization {
  if (id === 'training' && !measured) throw new TypeError('nothing was measured on the training samples')
  const { mean, std } = id === 'training' ? measured! : presets[id]
  if (mean.length === channels) return { mean, std }
  if (mean.length !== 1) {
    throw new EspalierError({
      code: 'argument.invalid',
      message: `Normalisation ${id} has three colour channels, the samples have ${channels}.`,
      file: id,
      rule: 'A colour normalisation needs red, green and blue.',
      hint: 'Use `training`, `half` or `none` for such samples.',
    })
  }
  return { mean: Array(channels).fill(mean[0]), std: Array(channels).fill(std[0]) }
}
