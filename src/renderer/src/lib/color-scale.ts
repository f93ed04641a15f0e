/** Viridis (van der Walt and Smith, 2015): perceptually even, readable with colour vision deficiency. Nine samples of it. */
export const viridis = [
  '#440154',
  '#472d7b',
  '#3b528b',
  '#2c728e',
  '#21918c',
  '#28ae80',
  '#5ec962',
  '#addc30',
  '#fde725',
] as const

const channels = viridis.map(hex => [1, 3, 5].map(at => Number.parseInt(hex.slice(at, at + 2), 16)))

/** The colour of a share in [0, 1], between the samples by straight line. */
export function viridisAt(share: number): string {
  const place = Math.min(1, Math.max(0, share)) * (channels.length - 1)
  const low = Math.floor(place)
  const from = channels[low] ?? [0, 0, 0]
  const to = channels[Math.min(low + 1, channels.length - 1)] ?? from
  const mixed = from.map((value, i) => Math.round(value + ((to[i] ?? value) - value) * (place - low)))
  return `rgb(${mixed.join(' ')})`
}
