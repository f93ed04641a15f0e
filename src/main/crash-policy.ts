/** After a window's page has died: load it again, unless it keeps dying. */
const withinMs = 60_000

/** `crashes`: when this window's page died, the newest last (milliseconds). */
export function afterCrash(crashes: readonly number[], now: number): 'reload' | 'ask' {
  return crashes.filter(at => now - at < withinMs).length > 1 ? 'ask' : 'reload'
}

const words: Readonly<Record<string, string>> = {
  'abnormal-exit': 'it ended by itself',
  killed: 'the system ended it',
  crashed: 'it crashed',
  oom: 'it ran out of memory',
  'launch-failed': 'it could not be started',
  'integrity-failure': 'its code did not pass the integrity check',
  'memory-eviction': 'the system needed its memory',
}

export const reasonText = (reason: string): string => words[reason] ?? reason
