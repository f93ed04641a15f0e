/** `npm run bench`: lists the benchmarks. `npm run bench -- NAME ...`: runs one, with the rest as its arguments. */
import { runListed } from './lib/listed.mjs'

await runListed('bench', { one: 'benchmark', command: 'npm run bench' })
