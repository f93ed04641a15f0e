/** `npm test`: sets up everything the tests use, then does what `npm run check` does. */
import { join } from 'node:path'
import { provideChromium } from './lib/chromium.mjs'
import { handOver, root, say } from './lib/process.mjs'
import { setUp } from './setup.mjs'

const began = performance.now()
const { node, env, engine } = await setUp()
const chromium = await provideChromium(node)
say(`Set-up: done in ${((performance.now() - began) / 1000).toFixed(1)} s`)
if (!engine) say('There is no engine: the tests that need TensorFlow will fail.')
const withChromium = chromium ? { ...env, CHROME: chromium } : env
await handOver(node, [join(root, 'scripts', 'check.mjs'), ...process.argv.slice(2)], { cwd: root, env: withChromium })
