import { expect, it } from 'vitest'
import { bytesWith, parseBytes, sparsityForBytes } from '../../../src/renderer/src/lib/file-size.ts'

const layer = (weights: number) => ({ name: 'conv', weights, zeros: 0, macs: weights })
const sizes = { file: { most: 1401, least: 201 }, layers: [layer(100), layer(200)] }

it('falls by four bytes a zero, and a target is met by the first zero that is enough', () => {
  expect([0, 1, 300].map(zeros => bytesWith(sizes, zeros))).toEqual([1401, 1397, 201])
  const zerosFor = (bytes: number) => Math.floor(300 * sparsityForBytes(sizes, bytes))
  expect([1500, 1401, 1400, 1397, 1396, 205, 202].map(zerosFor)).toEqual([0, 0, 1, 1, 2, 299, 299])
})

it('is read with its unit', () => {
  expect(['300 KiB', '0,5 MB', '2mib', '1234', '7\u2009B'].map(parseBytes)).toEqual([
    307_200, 500_000, 2_097_152, 1234, 7,
  ])
  expect(['', 'much', '3 miles', '-2 KiB', '0'].map(parseBytes)).toEqual(Array(5).fill(undefined))
})
