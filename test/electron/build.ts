/** Builds the main process and the preload as `npm run build` does, into a folder of the tests' own. */
import { rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { resolveConfig } from 'electron-vite'
import { build } from 'vite'

export const projectRoot = join(import.meta.dirname, '../..')

/** Inside the project, so that what is not bundled is found in its `node_modules`. */
export const buildFolder = join(projectRoot, 'test-results/desktop-build')

export async function buildDesktop(): Promise<void> {
  rmSync(buildFolder, { recursive: true, force: true })
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  process.env['NODE_ENV_ELECTRON_VITE'] = 'production'
  try {
    const inline = {
      root: projectRoot,
      logLevel: 'error' as const,
      build: { outDir: relative(projectRoot, buildFolder) },
    }
    const { config } = await resolveConfig(inline, 'build', 'production')
    if (!config?.main || !config.preload) throw new Error('electron.vite.config.ts has no main or no preload')
    await build(config.main)
    await build(config.preload)
  } finally {
    process.env['NODE_ENV'] = before
  }
}
