/**
 * The set-up that the other scripts share: dependencies, what the system has to bring, and the engine. What is
 * done already costs a moment; `node scripts/setup.mjs` runs it alone.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installDependencies, projectEnvironment } from './lib/dependencies.mjs'
import { root, run, say } from './lib/process.mjs'
import { provideForEngine } from './lib/system.mjs'

/**
 * Returns the Node to go on with. Ends the process when the dependencies cannot be installed; an engine that
 * cannot be provided is reported, and left to whoever needs it (`engine` of the result).
 * With `quick`, an engine in the cache that looks untouched is taken without hashing it; without `withEngine`, none is
 * looked for.
 */
export async function setUp({ quick = false, withEngine = true } = {}) {
  const node = await installDependencies()
  if (node === null) process.exit(1)
  const env = projectEnvironment()
  const entry = join(root, 'src', 'engine', 'runtime', 'provide.ts')
  /** @param {string[]} args */
  const provide = (...args) => run(node, [entry, ...args], { env })
  if (!withEngine) return { node, env, engine: false }
  if ((await provide('--cached')) === 0) return { node, env, engine: quick || (await provide()) === 0 }
  say('Set-up: the TensorFlow engine')
  await provideForEngine()
  return { node, env, engine: (await provide()) === 0 }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { engine } = await setUp()
  process.exitCode = engine ? 0 : 1
}
