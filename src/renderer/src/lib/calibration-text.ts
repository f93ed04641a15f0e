import type { Calibration } from '../../../shared/distortion.ts'
import { plural } from './format.ts'

/** "512 training samples, spread over the files": on what a curve was measured. */
export function calibrationText({ images, choose }: Calibration): string {
  if (choose === 'noise') return `${plural(images, 'input')} of noise, without data`
  return `${plural(images, 'training sample')}, ${choose === 'spread' ? 'spread over the files' : 'the first of the files'}`
}
