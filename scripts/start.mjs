/**
 * `npm start`: sets up what is missing, builds when sources changed and opens the studio: the Electron window, or
 * the browser where there can be no window (or with --browser). Other arguments are passed on.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build, buildIsCurrent } from './lib/build.mjs'
import { desktop } from './lib/desktop.mjs'
import { handOver, root, run, say } from './lib/process.mjs'
import { setUp } from './setup.mjs'

const args = process.argv.slice(2).filter(argument => argument !== '--browser')
const { node, env, engine } = await setUp()
if (!engine) say('The studio opens without an engine: it can look at models and runs, but not start any.')
if (!buildIsCurrent()) {
  say('Building the window')
  if (!(await build({ node, env }))) process.exit(1)
}

const host = process.argv.includes('--browser') ? { why: 'asked for with --browser' } : desktop({ node, env })
if ('binary' in host) {
  const began = Date.now()
  const status = await run(host.binary, [root, ...args], { env, stdio: 'inherit' })
  // A missing system library or a refused sandbox ends Electron at once, before it has shown anything.
  if (status === 0 || Date.now() - began > 5000) process.exit(status)
  await openBrowser(`Electron ended at once with status ${status}`)
} else {
  await openBrowser(host.why)
}

/** @param {string} why */
async function openBrowser(why) {
  say(`Opening the studio in the browser: ${why}.`)
  const cli = join(root, 'src', 'cli', 'index.ts')
  if (!existsSync(cli)) {
    say('The browser host needs src/cli/index.ts, which is not there.')
    process.exit(1)
  }
  // The desktop takes the name of a project as it is, the browser host as an option.
  const isProject = (/** @type {string} */ argument, /** @type {number} */ at) =>
    /\.espalier$/i.test(argument) && args[at - 1] !== '--project'
  const forServe = args.flatMap((argument, at) => (isProject(argument, at) ? ['--project', argument] : [argument]))
  await handOver(node, [cli, 'serve', '--open', ...forServe], { env })
}
