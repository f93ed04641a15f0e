/** Time and what the machine does meanwhile. */
/** Where the time is added up. */
export interface Timed {
  readonly sums: { seconds: number }
  readonly seconds: number
}

export interface Meter {
  /** Adds the time since the last lap to the epoch of `position`, and `samples` to the rate. */
  lap(samples: number): void
  /** Samples a second since it was asked last, bytes that the process holds, seconds of training so far. */
  machine(): { readonly samplesPerSecond: number; readonly memory: number; readonly seconds: number }
}

/** `now` in milliseconds. */
export function createMeter(position: Timed, now: () => number = () => performance.now()): Meter {
  let at = now()
  let samples = 0
  let samplesAt = at
  return {
    lap(count) {
      const time = now()
      position.sums.seconds += (time - at) / 1000
      at = time
      samples += count
    },
    machine() {
      const time = now()
      const samplesPerSecond = samples / ((time - samplesAt) / 1000)
      samples = 0
      samplesAt = time
      return { samplesPerSecond, memory: process.memoryUsage.rss(), seconds: position.seconds + position.sums.seconds }
    },
  }
}
