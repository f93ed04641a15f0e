/**
 * `npm run dev`: the studio with sources watched. Electron with hot reload where its binary is to be had; otherwise the
 * browser host, restarted when its sources change, over a window that is rebuilt when its own do.
 */
import { join } from 'node:path'
import { desktop } from './lib/desktop.mjs'
import { handOver, root, run, say, tool } from './lib/process.mjs'
import { setUp } from './setup.mjs'

const args = process.argv.slice(2)
const { node, env } = await setUp({ quick: true })
const host = desktop({ node, env })
if ('binary' in host) {
  await handOver(node, [tool('electron-vite/bin/electron-vite.js'), '--watch', ...args], { cwd: root, env })
} else {
  say(`Serving to the browser: ${host.why}.`)
  const window = run(node, [tool('vite/bin/vite.js'), 'build', '--watch', '-c', 'renderer.vite.config.ts'], { env })
  const cli = join(root, 'src', 'cli', 'index.ts')
  const server = run(node, ['--watch', cli, 'serve', '--open', ...args], { env, stdio: 'inherit' })
  process.exit(await Promise.race([window, server]))
}
