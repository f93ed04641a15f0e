import { expect, it } from 'vitest'
import { createRandom } from '../../src/core/random.ts'
import { channelStatistics } from '../../src/formats/channel-statistics.ts'
import { datasetOf } from './datasets/made.ts'

it('is the mean and deviation of each channel, of the samples that are asked for', async () => {
  // Two channels of two steps; the last sample is not asked for.
  const { dataset, split } = datasetOf(Float32Array.of(1, 10, 3, 10, 5, 10, 7, 10, 999, -5, 999, -5), [2, 2])
  const { mean, std } = await channelStatistics(split, Int32Array.of(0, 1), dataset)
  expect(mean).toEqual([4, 10])
  expect(std).toEqual([Math.sqrt(5), 1])
})

it('takes bytes as shares of 255', async () => {
  const { dataset, split } = datasetOf(Uint8Array.of(0, 255, 51, 255), [2, 1, 1])
  const { mean, std } = await channelStatistics(split, Int32Array.of(0, 1), dataset)
  expect(mean[0]).toBeCloseTo(0.55, 12)
  expect(std[0]).toBeCloseTo(Math.sqrt((0.55 ** 2 + 0.45 ** 2 + 0.35 ** 2 + 0.45 ** 2) / 4), 12)
})

it('keeps its digits where a small signal stands on a large value', async () => {
  const random = createRandom(1)
  const values = Float32Array.from({ length: 3000 }, () => 4096 + random.below(8) / 8)
  const { dataset, split } = datasetOf(values, [10, 1])
  const mean = values.reduce((sum, value) => sum + (value - 4096), 0) / 3000
  const variance = values.reduce((sum, value) => sum + (value - 4096 - mean) ** 2, 0) / 3000
  const found = await channelStatistics(
    split,
    Int32Array.from({ length: 300 }, (_, at) => at),
    dataset,
  )
  expect(found.mean[0]).toBeCloseTo(4096 + mean, 9)
  expect(found.std[0]).toBeCloseTo(Math.sqrt(variance), 9)
})
