/** A studio that a command works with until its end, or until Ctrl-C. */
import { EspalierError } from '../shared/errors.ts'
import { userDirectories } from '../studio/directories.ts'
import { forkEngine } from '../studio/engine-process.ts'
import type { Readers } from '../studio/inputs.ts'
import { createReaders } from '../studio/readers.ts'
import { createStudio, type Studio } from '../studio/studio.ts'
import { onInterrupt } from './interrupt.ts'
import { createProgressLine, type ProgressLine } from './progress-line.ts'
import type { Terminal } from './terminal.ts'

export interface StudioSession {
  readonly line: ProgressLine
  readonly readers: Readers
  /** Aborts with the first Ctrl-C. */
  readonly signal: AbortSignal
  /** Opens the project at `path`, once. Throws `run.stopped` where it was interrupted before. */
  open(path: string): Promise<Studio>
}

/** The first Ctrl-C stops what runs, the second does not wait for it. */
export async function withStudio(
  terminal: Terminal,
  work: (session: StudioSession) => Promise<number>,
): Promise<number> {
  const line = createProgressLine(terminal)
  const stopped = new AbortController()
  let studio: Studio | undefined
  const forgetInterrupt = onInterrupt(
    () => {
      stopped.abort()
      line.say('Stopping after this batch. Press Ctrl-C again to stop at once.')
      void studio?.close('Interrupted in the terminal.')
    },
    () => studio?.kill('Interrupted in the terminal.'),
  )
  const directories = userDirectories()
  const readers = createReaders(directories)
  try {
    return await work({
      line,
      readers,
      signal: stopped.signal,
      async open(path) {
        studio = await createStudio({
          projectPath: path,
          host: 'terminal',
          acceptsPaths: true,
          directories,
          spawnEngine: () => forkEngine(),
          readers,
        })
        if (stopped.signal.aborted) {
          throw new EspalierError({ code: 'run.stopped', message: 'It was stopped before the first run.' })
        }
        return studio
      },
    })
  } finally {
    line.clear()
    await studio?.close('Interrupted in the terminal.')
    forgetInterrupt()
  }
}
