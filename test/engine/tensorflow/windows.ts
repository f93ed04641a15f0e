/** Windows of convolutions and pools as tests slide them, and sizes that strides divide and that they do not. */
import type { Window } from './single-op.ts'

/** Every kind of padding: none, TensorFlow's SAME, symmetric where SAME is not, and lopsided. */
export const windows: readonly Window[] = [
  { kernel: [1, 1] },
  { kernel: [3, 3], pads: [1, 1, 1, 1] },
  { kernel: [1, 1], strides: [2, 2] },
  { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  { kernel: [3, 3], strides: [2, 2] },
  { kernel: [3, 3], strides: [3, 2], pads: [1, 1, 1, 1] },
  { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 1, 1] },
  { kernel: [2, 3], strides: [1, 2], pads: [1, 0, 0, 2] },
  { kernel: [5, 5], strides: [2, 2], pads: [2, 2, 2, 2] },
]
export const dilatedWindow: Window = { kernel: [3, 3], dilations: [2, 2], pads: [2, 2, 2, 2] }
export const imageSizes = [
  [7, 7],
  [8, 8],
  [7, 8],
] as const
