/** npm packages: installed the first time, brought up to date when package-lock.json has changed. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { output, root, run, say } from './process.mjs'

const minimumNode = 24

/**
 * What was installed: written into node_modules last, so an interrupted installation is not taken for a finished one.
 * @param {string} folder
 */
const stampFile = folder => join(folder, 'node_modules', '.espalier-setup.json')

/** @typedef {{ platform?: string, arch?: string }} Machine */

/**
 * What an installation depends on, as text.
 * @param {string} folder
 * @param {Machine} machine
 */
export function expectedStamp(folder, { platform = process.platform, arch = process.arch } = {}) {
  const lock = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex')
  return JSON.stringify({ lock, platform, arch })
}

/**
 * `fresh` (nothing there), `stale` (there, but not what package-lock.json says or never finished) or `current`.
 * @param {string} folder
 * @param {Machine} [machine]
 */
export function dependencyState(folder, machine) {
  if (!existsSync(join(folder, 'node_modules'))) return 'fresh'
  const file = stampFile(folder)
  return existsSync(file) && readFileSync(file, 'utf8') === expectedStamp(folder, machine) ? 'current' : 'stale'
}

/**
 * @param {string} folder
 * @param {Machine} [machine]
 */
export function writeStamp(folder, machine) {
  writeFileSync(stampFile(folder), expectedStamp(folder, machine))
}

/** The Node that everything after the installation runs on: the one from npm, else this one if it is new enough. */
export function currentNode() {
  const own = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(own)) return own
  return isCurrent(process.version) ? process.execPath : null
}

/** @param {string} version as in `v24.1.0` */
function isCurrent(version) {
  return Number(version.slice(1).split('.')[0]) >= minimumNode
}

const tools = join(root, 'node_modules', '.bin')

/** The environment in which `node` and the tools of the project are found first. */
export function projectEnvironment(env = process.env) {
  return withPath(tools, env)
}

/**
 * The environment with `first` before everything else on PATH, and the project's tools nowhere else on it.
 * @param {string} first
 * @param {NodeJS.ProcessEnv} env
 */
function withPath(first, env) {
  const name = Object.keys(env).find(key => key.toUpperCase() === 'PATH') ?? 'PATH'
  const rest = (env[name] ?? '').split(delimiter).filter(folder => folder !== tools)
  return { ...env, [name]: [first, ...rest].join(delimiter) }
}

const quietly = ['--ignore-scripts', '--no-audit', '--no-fund']

/**
 * Installs what is missing. No package runs a script of its own while it is installed; that of `node` is then run by
 * name. Returns the Node to go on with, or `null` (it was said why) when something is missing.
 */
export async function installDependencies() {
  const state = dependencyState(root)
  if (state !== 'current') {
    say(state === 'fresh' ? 'Set-up: installing dependencies' : 'Set-up: bringing dependencies up to date')
    // `npm ci` empties node_modules, with the running Node in it; an existing folder is updated in place.
    const args = state === 'fresh' ? ['ci'] : ['install', '--no-save']
    if ((await npm([...args, ...quietly])) !== 0) {
      say('npm could not install the dependencies; its message is above. A network or an npm cache is needed once.')
      return null
    }
  }
  const node = await provideNode()
  if (node === null || state === 'current') return node
  // An older Node makes npm leave out the binaries of packages that ask for a newer one, without a word.
  if (!isCurrent(process.version) && (await npm(['install', '--no-save', ...quietly], node)) !== 0) return null
  writeStamp(root)
  return node
}

/** The version that package-lock.json names, or any that is new enough where npm cannot bring that one. */
async function provideNode() {
  const wanted = JSON.parse(readFileSync(join(root, 'node_modules', 'node', 'package.json'), 'utf8')).version
  const found = currentNode()
  if (found !== null && output(found, ['--version']) === `v${wanted}`) return found
  say(`Set-up: installing Node ${wanted} for the project`)
  await npm(['rebuild', 'node', '--ignore-scripts=false'])
  const node = currentNode()
  if (node !== null) return node
  say(`Node ${minimumNode} or newer is needed, and npm could not install it; this is ${process.version}.`)
  return null
}

/**
 * npm, with a Node that stands outside node_modules where there is one (npm may replace what is in there), or with `node`.
 * @param {string[]} args
 */
function npm(args, node = process.env.npm_node_execpath ?? process.execPath) {
  const env = withPath(dirname(node), process.env)
  const script = process.env.npm_execpath
  if (script && /npm-cli\.js$/.test(script)) return run(node, [script, ...args], { env })
  return run('npm', args, { env, shell: process.platform === 'win32' })
}
