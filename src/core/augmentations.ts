/** What the augmentations of a recipe are: each id with its parameters. */
import type { AugmentationId } from '../shared/methods.ts'
import type { CropFlip } from './augment.ts'
import type { ResizedCrop } from './resized-crop.ts'

export type Augmentation =
  | ({ readonly kind: 'crop-flip' } & CropFlip)
  /** Works on the image file, not on the stored sample: `Split.readCrops`. */
  | ({ readonly kind: 'resized-crop' } & ResizedCrop)

export const augmentations: Readonly<Record<AugmentationId, Augmentation | null>> = {
  none: null,
  'crop-flip': { kind: 'crop-flip', padding: 4, fill: 'zero' },
  'crop-flip-reflect': { kind: 'crop-flip', padding: 4, fill: 'reflect' },
  // Szegedy et al. 2015, section 6, and the usual recipe for ImageNet since.
  'resized-crop': { kind: 'resized-crop', area: [0.08, 1], aspect: [3 / 4, 4 / 3] },
}
