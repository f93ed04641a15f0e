/** `npm run experiment`: lists the experiments. `npm run experiment -- NAME ...`: runs one, with the rest as its arguments. */
import { runListed } from './lib/listed.mjs'

await runListed('experiments', { one: 'experiment', command: 'npm run experiment' })
