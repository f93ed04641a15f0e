/** One application for all windows: a second start hands its files to the first and ends. */
import { app } from 'electron'
import { z } from 'zod'

const startSchema = z.object({ projects: z.array(z.string()) })

/** False: another instance is there and has been told. */
export function claimSingleInstance(projects: readonly string[]): boolean {
  return app.requestSingleInstanceLock({ projects: [...projects] })
}

/**
 * `onStart` gets the files of each later start; none means that the person wants to see a window. They come in the
 * additional data, because the order of the arguments that Chromium passes on is not reliable.
 */
export function setupSingleInstance(onStart: (projects: readonly string[]) => void): void {
  app.on('second-instance', (_event, _argv, _workingDirectory, data) => {
    const start = startSchema.safeParse(data)
    onStart(start.success ? start.data.projects : [])
  })
}
