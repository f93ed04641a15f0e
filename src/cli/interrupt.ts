/** Ctrl-C and its relatives: the first asks, the second does not wait. */

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Returns the way to stop listening. */
export function onInterrupt(first: () => void, second: () => void): () => void {
  let count = 0
  const listener = () => {
    count++
    if (count === 1) first()
    else second()
  }
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}
