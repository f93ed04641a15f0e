/** `npm run build`: the Electron host and the window into `out/`. Needs no Electron binary. */
import { build } from './lib/build.mjs'
import { setUp } from './setup.mjs'

process.exitCode = (await build(await setUp({ withEngine: false }))) ? 0 : 1
