/** Work on many things, several at once. */

/** Calls `work` for 0 to `count` - 1, `atOnce` of them at a time. Ends all at a fault and throws that of the lowest number. */
export async function eachOf(count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  const faults: { index: number; error: unknown }[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count && faults.length === 0) {
      const index = next++
      await work(index).catch(error => faults.push({ index, error }))
    }
  }
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, worker))
  const first = faults.sort((a, b) => a.index - b.index)[0]
  if (first) throw first.error
}
