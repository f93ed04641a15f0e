/** `npm run build`: the Electron host and the window into `out/`. Needs no Electron binary. */
import { build } from './lib/build.mjs'
import { setUp } from './setup.mjs'

process.exitCode = (await build(await setUp({ quick: true }))) ? 0 : 1
