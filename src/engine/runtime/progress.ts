/** How the set-up of the engine tells what it does. */

export interface ProgressEvent {
  /** What is being done, as a short phrase: `Downloading tensorflow-cpu`. */
  readonly label: string
  /** Bytes done so far; absent where a step has no bytes to count. */
  readonly done?: number
  /** Bytes in all, where they are known. */
  readonly total?: number
  /** Set on the last event of a step: how it ended, as a short phrase. */
  readonly outcome?: string
}

export type Progress = (event: ProgressEvent) => void

/** `262 MB`, `1.4 GB`: decimal units, as package indexes and file managers show them. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`
  if (bytes >= 1e6) return `${Math.round(bytes / 1e6)} MB`
  return `${Math.ceil(bytes / 1e3)} kB`
}

/**
 * Progress as lines of text. On a terminal one line is drawn over and over; elsewhere (a log) a line is written
 * when a step begins, at most every five seconds while it runs, and when it ends.
 */
export function textProgress(stream: { readonly isTTY?: boolean; write(text: string): unknown }): Progress {
  const terminal = stream.isTTY === true && process.env['TERM'] !== 'dumb'
  let label = ''
  let written = 0
  return event => {
    const begins = event.label !== label
    const ends = event.outcome !== undefined
    const now = performance.now()
    if (!begins && !ends && now - written < (terminal ? 100 : 5000)) return
    label = ends ? '' : event.label
    written = now
    const text = `  ${event.label}${describe(event)}`
    stream.write(terminal ? `\r\u001b[K${text}${ends ? '\n' : ''}` : `${text}\n`)
  }
}

function describe({ done, total, outcome }: ProgressEvent): string {
  if (outcome !== undefined) return `: ${outcome}`
  if (done === undefined) return ' ...'
  if (total === undefined || total === 0) return `: ${formatBytes(done)}`
  return `: ${formatBytes(done)} of ${formatBytes(total)} (${Math.floor((100 * done) / total)} %)`
}
