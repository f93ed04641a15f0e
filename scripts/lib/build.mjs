/** The build of the window: what it needs, whether it is out of date, and running it. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, say, tool } from './process.mjs'

/** What the Electron build needs, and what the window alone (for the browser host) needs. */
const needed = {
  electron: ['electron.vite.config.ts', 'src/main/index.ts', 'src/preload/index.ts', 'src/renderer/index.html'],
  window: ['renderer.vite.config.ts', 'src/renderer/index.html'],
}

/**
 * The files of `kind` that are not there.
 * @param {'electron' | 'window'} kind
 */
export function missingForBuild(kind, folder = root) {
  return needed[kind].filter(file => !existsSync(join(folder, file)))
}

/** A fingerprint of everything the build reads: names, sizes and times of the sources. */
export function fingerprint(folder = root) {
  const hash = createHash('sha256')
  /** @param {string} file */
  const add = file => {
    const { size, mtimeMs } = statSync(join(folder, file))
    hash.update(`${file} ${size} ${mtimeMs}\n`)
  }
  const sources = [
    'src/main',
    'src/preload',
    'src/renderer',
    'src/shared',
    'src/core',
    'src/formats',
    'src/engine',
    'src/studio',
    'src/server',
    'resources',
  ]
  for (const source of sources) for (const file of listFiles(folder, source)) add(file)
  for (const file of ['electron.vite.config.ts', 'renderer.vite.config.ts', 'package-lock.json']) {
    if (existsSync(join(folder, file))) add(file)
  }
  return hash.digest('hex')
}

/**
 * The files under `path`, relative to `folder`, in a fixed order.
 * @param {string} folder
 * @param {string} path
 * @returns {string[]}
 */
export function listFiles(folder, path) {
  if (!existsSync(join(folder, path))) return []
  const entries = readdirSync(join(folder, path), { withFileTypes: true })
  return entries
    .flatMap(entry => (entry.isDirectory() ? listFiles(folder, `${path}/${entry.name}`) : [`${path}/${entry.name}`]))
    .sort()
}

/** Which kind can be built with what is there: `electron`, `window` or `null`. */
export function buildableKind(folder = root) {
  if (missingForBuild('electron', folder).length === 0) return 'electron'
  return missingForBuild('window', folder).length === 0 ? 'window' : null
}

/**
 * Builds with electron-vite, or the window alone where there is no Electron host. Returns whether it worked.
 * @param {{ node: string, env: NodeJS.ProcessEnv }} tools
 */
export async function build({ node, env }) {
  const kind = buildableKind()
  if (kind === null) {
    say(`The build needs ${missingForBuild('window').join(' and ')}, which is not there.`)
    return false
  }
  const before = fingerprint()
  const command =
    kind === 'electron'
      ? [tool('electron-vite/bin/electron-vite.js'), 'build']
      : [tool('vite/bin/vite.js'), 'build', '-c', 'renderer.vite.config.ts']
  if (kind === 'window') {
    say(`Building the window alone: the desktop host lacks ${missingForBuild('electron').join(' and ')}.`)
  }
  const status = await run(node, [...command, '--logLevel', 'warn'], { env })
  if (status !== 0) {
    say('The build failed; its message is above.')
    return false
  }
  mkdirSync(join(root, 'out'), { recursive: true })
  writeFileSync(join(root, 'out', '.fingerprint'), before)
  return true
}

export function buildIsCurrent(folder = root) {
  const file = join(folder, 'out', '.fingerprint')
  return existsSync(file) && readFileSync(file, 'utf8') === fingerprint(folder)
}
