/**
 * Where engines live: one folder for each kind of engine in the user's cache, shared by every clone of the
 * project. The name carries all that an addon is bound to, so that an upgrade never meets a stale one.
 *
 *     <cache>/engine/4.22.0-wheel-cpu-linux-x64-napi8-r1/
 *       lib/tfjs_binding.node  lib/libtensorflow_cc.so.2  lib/libtensorflow_framework.so.2
 *       manifest.json   what it is, and the SHA-256 of every file
 *       verified.json   size and times of the files when they were last hashed
 */
import { join } from 'node:path'
import type { Environment } from './environment.ts'

/** The version of tfjs-node-gpu whose addon source is built; package.json pins the same. */
export const tfjsVersion = '4.22.0'

/** The Node-API version the addon is built for. */
export const nodeApiVersion = 8

/** The user's cache folder for Espalier. `ESPALIER_CACHE` names another one. */
export function cacheFolder({
  platform,
  variables,
  home,
}: Pick<Environment, 'platform' | 'variables' | 'home'>): string {
  const chosen = variables['ESPALIER_CACHE']
  if (chosen) return chosen
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'espalier')
  if (platform === 'win32')
    return join(variables['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'espalier', 'cache')
  return join(variables['XDG_CACHE_HOME'] || join(home, '.cache'), 'espalier')
}

/** Name of the engine that a provider builds on this platform. */
export function engineName(
  provider: { readonly id: string; readonly revision: number },
  { platform, arch }: Pick<Environment, 'platform' | 'arch'>,
): string {
  return `${tfjsVersion}-${provider.id}-${platform}-${arch}-napi${nodeApiVersion}-r${provider.revision}`
}

export function enginesFolder(environment: Environment): string {
  return join(cacheFolder(environment), 'engine')
}
