/** The size of a model file as a target: it falls evenly with the zeros, whichever layers they are in. */
import type { AllocationAnswer } from '../../../shared/allocation.ts'
import { parseNumber } from './number-text.ts'

type Sizes = Pick<AllocationAnswer, 'file' | 'layers'>

const weightsOf = ({ layers }: Sizes) => layers.reduce((sum, { weights }) => sum + weights, 0)
const perZero = (sizes: Sizes) => (sizes.file.most - sizes.file.least) / weightsOf(sizes)

/** Bytes with so many zeros. */
export const bytesWith = (sizes: Sizes, zeros: number): number => Math.round(sizes.file.most - perZero(sizes) * zeros)

/** The lowest share of zeros that brings the file to `bytes`. */
export function sparsityForBytes(sizes: Sizes, bytes: number): number {
  const weights = weightsOf(sizes)
  const zeros = Math.max(0, Math.ceil((sizes.file.most - bytes) / perZero(sizes)))
  // Half a weight more, so that the floor of the share is that number.
  return Math.min(zeros + 0.5, weights - 0.5) / weights
}

const units: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, kib: 1024, mib: 1024 ** 2 }

/** "300 KiB", "0.3 MB", "250000" -> bytes; undefined where it is no size. */
export function parseBytes(text: string): number | undefined {
  const [, number = '', unit = 'b'] = /^([\d.,]+)\s*([a-z]+)?$/i.exec(text.trim()) ?? []
  const [value, scale] = [parseNumber(number), units[unit.toLowerCase()]]
  return typeof value === 'number' && value > 0 && scale ? Math.round(value * scale) : undefined
}
