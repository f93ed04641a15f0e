/** Running programs. Plain JavaScript for Node 18: this is used before anything is installed. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * A file of an installed package.
 * @param {string} path
 */
export function tool(path) {
  return join(root, 'node_modules', path)
}

/**
 * A line for the person. Always on standard error: standard output belongs to the result.
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`${line}\n`)
}

/**
 * Runs a program to its end; what it prints goes to standard error unless `stdio` says otherwise.
 * Resolves to its exit status, 128 + n when signal n ended it, 127 when it could not be started.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, stdio?: import('node:child_process').StdioOptions, shell?: boolean }} options
 * @returns {Promise<number>}
 */
export function run(command, args, { cwd = root, env = process.env, stdio = ['inherit', 2, 2], shell = false } = {}) {
  return new Promise(resolve => {
    const child = spawn(command, args, { cwd, env, stdio, shell })
    const release = forwardSignals(child)
    child.on('error', error => {
      release()
      say(`${command} could not be started: ${error.message}`)
      resolve(127)
    })
    child.on('close', (status, signal) => {
      release()
      resolve(signal ? 128 + constants.signals[signal] : (status ?? 1))
    })
  })
}

/**
 * Passes on what only this process was sent. A terminal sends Ctrl-C to the child as well, which must not get it
 * twice; ending is left to the child.
 * @param {import('node:child_process').ChildProcess} child
 */
function forwardSignals(child) {
  /** @param {NodeJS.Signals} signal */
  const forward = signal => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, forward)
  return () => {
    for (const signal of signals) process.off(signal, forward)
  }
}

/**
 * Standard output of a program, trimmed; `null` when it fails.
 * @param {string} command
 * @param {string[]} args
 */
export function output(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return result.status === 0 ? result.stdout.trim() : null
}

/**
 * Ends this script and lets the program take its place, with its standard streams, signals and exit status. Where
 * the system and Node can, it becomes the same process.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} options
 */
export async function handOver(command, args, { cwd = process.cwd(), env = process.env } = {}) {
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.chdir(cwd)
    // Node announces on standard error that this call is experimental.
    process.removeAllListeners('warning')
    process.execve(command, [command, ...args], definedOnly(env))
  }
  process.exitCode = await run(command, args, { cwd, env, stdio: 'inherit' })
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Record<string, string>}
 */
function definedOnly(env) {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

/**
 * The first of the programs that is on PATH, as its full path, or `null`.
 * @param {string[]} programs
 */
export function which(programs, { path = process.env.PATH ?? '', platform = process.platform } = {}) {
  const endings = platform === 'win32' ? ['.exe', '.cmd'] : ['']
  for (const program of programs) {
    for (const folder of path.split(delimiter)) {
      for (const ending of endings) {
        const file = join(folder, program + ending)
        if (folder && existsSync(file)) return file
      }
    }
  }
  return null
}
