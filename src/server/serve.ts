/** `espalier serve`: a studio and its server, from the first line printed to the last process ended. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EspalierError } from '../shared/errors.ts'
import { defaultProjectPath, userDirectories } from '../studio/directories.ts'
import { forkEngine } from '../studio/engine-process.ts'
import { createStudio } from '../studio/studio.ts'
import { createGrants } from './grants.ts'
import { startServer } from './server.ts'
import { createUploads } from './uploads.ts'

export interface ServeOptions {
  /** Without one: the project in the user's data folder. */
  readonly project?: string
  /** Without one: any free port. */
  readonly port?: number
  /** Shows the window in the person's browser. */
  readonly open: boolean
  /** Gets the address. */
  readonly say: (url: string) => void
}

const builtWindow = fileURLToPath(new URL('../../out/renderer', import.meta.url))

/** Serves until SIGINT, SIGTERM or SIGHUP, then stops what runs and closes the project. Resolves with the signal's name. */
export async function serve(options: ServeOptions, windowFolder: string = builtWindow): Promise<NodeJS.Signals> {
  if (!existsSync(join(windowFolder, 'index.html'))) {
    throw new EspalierError({
      code: 'file.missing',
      message: `The window is not built: there is no ${join(windowFolder, 'index.html')}.`,
      file: windowFolder,
      hint: 'Run "npm run build".',
    })
  }
  const directories = userDirectories()
  const project = options.project === undefined ? ownProject() : resolve(options.project)
  const grants = createGrants()
  const studio = await createStudio({
    projectPath: project,
    host: 'browser',
    // Whoever holds the token acts as the person who started the server.
    acceptsPaths: true,
    directories,
    spawnEngine: () => forkEngine(),
    resolveGrant: grants.resolve,
  })
  const uploads = createUploads(join(directories.data, 'uploads'))
  try {
    const signalled = nextSignal(() => studio.kill('The server was told to end at once.'))
    const server = await startServer({ studio, windowFolder, uploads, grants, port: options.port ?? 0 })
    options.say(server.url)
    if (options.open) openBrowser(server.url)
    const signal = await signalled
    await server.close()
    return signal
  } finally {
    await studio.close('The server was ended.')
    uploads.close()
  }

  function ownProject(): string {
    const path = defaultProjectPath(directories)
    mkdirSync(dirname(path), { recursive: true })
    return path
  }
}

/** The first signal ends the server properly, a second one does not wait for runs to stop by themselves. */
function nextSignal(onSecond: () => void): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    let count = 0
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (++count > 1) onSecond()
        resolve(signal)
      })
    }
  })
}

/** The address stands in the terminal too, so a browser that does not open is no fault. */
function openBrowser(url: string): void {
  const command = process.platform === 'darwin' ? 'open' : process.platform === 'win32' ? 'explorer.exe' : 'xdg-open'
  spawn(command, [url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref()
}
