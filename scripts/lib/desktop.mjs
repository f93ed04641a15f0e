import { missingForBuild } from './build.mjs'
import { noWindowBecause, provideElectron } from './electron.mjs'

/**
 * The Electron binary to open the desktop window with, or a clause that says why there can be no window.
 * @param {{ node: string, env: NodeJS.ProcessEnv }} tools
 * @returns {{ binary: string } | { why: string }}
 */
export function desktop({ node, env }) {
  const missing = missingForBuild('electron')
  if (missing.length > 0) return { why: `the desktop host is not there (${missing.join(', ')})` }
  const why = noWindowBecause({ platform: process.platform, env, isRoot: process.getuid?.() === 0 })
  return why ? { why } : provideElectron(node, env)
}
