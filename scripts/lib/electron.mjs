/** The Electron binary, which is not part of its npm package since version 42. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, say } from './process.mjs'

const folder = join(root, 'node_modules', 'electron')

/** Path of the binary, or `null`. */
export function electronBinary() {
  const pathFile = join(folder, 'path.txt')
  if (!existsSync(pathFile)) return null
  const binary = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), readFileSync(pathFile, 'utf8'))
  return existsSync(binary) ? binary : null
}

/**
 * Why a window could not be shown here even with the binary, as a clause; `null` when nothing is known against it.
 * @param {{ platform: string, env: NodeJS.ProcessEnv, isRoot: boolean }} machine
 */
export function noWindowBecause({ platform, env, isRoot }) {
  if (platform !== 'linux') return null
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY) return 'there is no display'
  if (isRoot) return 'Electron keeps its sandbox, which does not start as root'
  return null
}

/**
 * Finds or downloads the binary; `why` is a clause that says why there is none.
 * @param {string} node
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ binary: string } | { why: string }}
 */
export function provideElectron(node, env) {
  const found = electronBinary()
  if (found) return { binary: found }
  if (!existsSync(join(folder, 'install.js'))) return { why: 'the electron package is not installed' }
  say('Set-up: downloading Electron')
  const result = spawnSync(node, [join(folder, 'install.js')], { env, encoding: 'utf8', stdio: ['ignore', 2, 'pipe'] })
  const binary = electronBinary()
  if (result.status === 0 && binary) return { binary }
  const said = result.stderr.split('\n').find(line => /error/i.test(line)) ?? 'no message'
  return { why: `its binary could not be downloaded (${said.trim().slice(0, 160)})` }
}
