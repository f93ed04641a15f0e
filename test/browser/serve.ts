/** `espalier serve` as a process of its own, on a project and a data folder of the test's. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { withLock } from '../../src/engine/runtime/lock.ts'

const projectRoot = join(import.meta.dirname, '../..')
const windowFolder = join(projectRoot, 'out/renderer')

/**
 * Builds the window that `espalier serve` serves, unless the one that is there was built from the same sources. Test files
 * run beside each other: the first one builds, the others wait for it. Returns its folder.
 */
export async function ensureWindow(): Promise<string> {
  const sources = hashOf(['src/renderer', 'src/shared', 'resources', 'renderer.vite.config.ts', 'package-lock.json'])
  await withLock(`${windowFolder}.lock`, async () => {
    const mark = join(windowFolder, '.built-from')
    if (existsSync(mark) && readFileSync(mark, 'utf8') === sources) return
    const fresh = `${windowFolder}-${process.pid}`
    const before = process.env['NODE_ENV']
    process.env['NODE_ENV'] = 'production'
    try {
      const configFile = join(projectRoot, 'renderer.vite.config.ts')
      await build({ configFile, logLevel: 'error', build: { outDir: fresh } })
    } finally {
      process.env['NODE_ENV'] = before
    }
    writeFileSync(join(fresh, '.built-from'), sources)
    rmSync(windowFolder, { recursive: true, force: true })
    renameSync(fresh, windowFolder)
  })
  return windowFolder
}

function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256')
  for (const path of paths) {
    const full = join(projectRoot, path)
    const files = path.includes('.')
      ? [full]
      : readdirSync(full, { recursive: true, withFileTypes: true })
          .filter(entry => entry.isFile())
          .map(entry => join(entry.parentPath, entry.name))
          .sort()
    for (const file of files) hash.update(file).update(readFileSync(file))
  }
  return hash.digest('hex')
}

export interface Serving {
  readonly url: string
  readonly process: ChildProcess
  /** Ids of the processes that it started, the engines among them. */
  children(): number[]
  /** Ends it properly and resolves with its exit status. */
  end(): Promise<number | null>
  /** As a crash or `kill -9` does. */
  kill(): Promise<void>
}

export async function startServe(folder: string, port = 0): Promise<Serving> {
  const args = ['src/cli/index.ts', 'serve', '--project', join(folder, 'project.espalier'), '--port', String(port)]
  const child = spawn(process.execPath, args, {
    cwd: projectRoot,
    env: { ...process.env, ESPALIER_DATA: join(folder, 'data') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', data => {
    errors += data
  })
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', data => {
      text += data
      const found = /https?:\S+/.exec(text)
      if (found) resolve(found[0])
    })
    ended.then(status => reject(new Error(`espalier serve ended with ${status}: ${errors}`)))
  })
  return {
    url,
    process: child,
    children: () => childrenOf(child.pid ?? 0),
    end: () => {
      child.kill('SIGTERM')
      return ended
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Linux only, which is where the tests that need it run. */
function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number)
}
