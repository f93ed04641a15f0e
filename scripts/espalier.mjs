/**
 * `npm run -s espalier -- ...`: the terminal host, set up first if need be. Standard output carries nothing but its
 * output; signals and exit status are its own.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { handOver, root, say } from './lib/process.mjs'
import { setUp } from './setup.mjs'

/** The commands that run TensorFlow. The others work without it, and the doctor changes nothing. */
const engineCommands = ['run', 'resume', 'sample', 'serve', 'export', 'bench']

const cli = join(root, 'src', 'cli', 'index.ts')
const [command = ''] = process.argv.slice(2)
const { node, env } = await setUp({ quick: true, withEngine: engineCommands.includes(command) })
if (existsSync(cli)) {
  // npm runs scripts in the project's folder; paths on the command line are meant from where it was typed.
  await handOver(node, [cli, ...process.argv.slice(2)], { cwd: process.env.INIT_CWD ?? process.cwd(), env })
} else {
  say('The terminal host needs src/cli/index.ts, which is not there.')
  process.exitCode = 1
}
