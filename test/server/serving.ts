/** `serve` in a process of its own, with a window folder that the test made. */
import { serve } from '../../src/server/serve.ts'

const [project = '', windowFolder = ''] = process.argv.slice(2)
const signal = await serve({ project, open: false, say: url => process.stdout.write(`${url}\n`) }, windowFolder)
process.stdout.write(`ended by ${signal}\n`)
