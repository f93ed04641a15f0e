/** Windows of consecutive rows that are all of one class. */

export interface WindowRule {
  /** Rows of a window. */
  readonly length: number
  /** Rows from the start of a window to that of the next, while the class stays the same. */
  readonly stride: number
}

/**
 * Goes along the rows of a file and says after which ones a window is complete. A window never mixes classes: where the
 * class changes, the next window starts anew.
 */
export function windowEnds({ length, stride }: WindowRule): (label: number) => boolean {
  let current = -1
  let run = 0
  return label => {
    run = label === current ? run + 1 : 1
    current = label
    return run >= length && (run - length) % stride === 0
  }
}
