/** The desktop's own log, one line an event, in the folder the system has for logs. Runs have their own in the project. */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Beyond it the file is moved aside; one older file is kept. */
const limitBytes = 1 << 20

export type Log = (text: string) => void

export function openLog(folder: string): Log {
  const path = join(folder, 'main.log')
  return text => {
    const line = `${new Date().toISOString()} ${text.replaceAll('\n', '\n  ')}\n`
    try {
      mkdirSync(folder, { recursive: true })
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > limitBytes) renameSync(path, `${path}.1`)
      appendFileSync(path, line)
    } catch {
      // A log that cannot be written must not stop what it was to report.
    }
  }
}
