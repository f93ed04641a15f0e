/** Pieces of bytes regrouped into whole records, for files that are one record after the other. */

/**
 * Yields arrays of whole records of `recordSize` bytes, at most about 1 MiB (at least one record) each, fresh every
 * time. The first `skip` bytes are left out, and so is an incomplete record at the end: check file sizes first.
 */
export async function* records(
  chunks: AsyncIterable<Uint8Array>,
  recordSize: number,
  skip = 0,
): AsyncGenerator<Uint8Array, void, undefined> {
  const capacity = recordSize * Math.max(1, Math.floor(2 ** 20 / recordSize))
  let block = new Uint8Array(capacity)
  let filled = 0
  let toSkip = skip
  for await (const chunk of chunks) {
    let from = Math.min(toSkip, chunk.length)
    toSkip -= from
    while (from < chunk.length) {
      const part = chunk.subarray(from, from + capacity - filled)
      block.set(part, filled)
      filled += part.length
      from += part.length
      if (filled === capacity) {
        yield block
        block = new Uint8Array(capacity)
        filled = 0
      }
    }
  }
  const whole = filled - (filled % recordSize)
  if (whole > 0) yield block.subarray(0, whole)
}
