/** `npm run sample`: sets up what is missing, then works the sample project in the terminal. Arguments are passed on. */
import { join } from 'node:path'
import { handOver, root } from './lib/process.mjs'
import { setUp } from './setup.mjs'

const { node, env, engine } = await setUp({ quick: true })
if (!engine) process.exit(1)
const args = [join(root, 'src', 'cli', 'index.ts'), 'sample', ...process.argv.slice(2)]
// npm runs scripts in the project's folder; the project and the report belong where it was typed.
await handOver(node, args, { cwd: process.env.INIT_CWD ?? process.cwd(), env })
