/** Builds the desktop application as `npm run build` does, into a folder of the tests' own. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { resolveConfig } from 'electron-vite'
import { build } from 'vite'

export const projectRoot = join(import.meta.dirname, '../..')

/** A folder inside the project, so that what is not bundled is found in its `node_modules`. */
export const buildFolder = (name: string) => join(projectRoot, 'test-results', name)

/** The main process and the preload; the window too if asked for. */
export async function buildDesktop(folder: string, { withWindow = false } = {}): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  process.env['NODE_ENV_ELECTRON_VITE'] = 'production'
  try {
    const inline = {
      root: projectRoot,
      logLevel: 'error' as const,
      build: { outDir: folder },
    }
    const { config } = await resolveConfig(inline, 'build', 'production')
    if (!config?.main || !config.preload) throw new Error('electron.vite.config.ts has no main or no preload')
    await build(config.main)
    await build(config.preload)
    if (withWindow && config.renderer) await build(config.renderer)
  } finally {
    process.env['NODE_ENV'] = before
  }
}
