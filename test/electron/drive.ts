/**
 * Does what a window does with the built main process: connects, imports by grants, runs a recipe, quits. Arguments: the
 * build's folder, the person's folder, the data set. Prints what it saw as JSON.
 */
import { channels } from '../../src/shared/bridge.ts'
import type { RunSummary } from '../../src/shared/domain.ts'
import { createClient } from '../../src/shared/rpc.ts'
import { startHost } from './host.ts'

const [build = '', user = '', dataset = ''] = process.argv.slice(2)

async function drive() {
  const { electron, invoke, connect, quit } = await startHost(build, user)
  const client = createClient(await connect())
  const grant = (await invoke(channels.grant, dataset)) as string

  const info = await client.call('studio.info', {})
  const code = (error: { code?: string }) => error.code
  const typedPath = await client.call('library.import', { source: { path: dataset } }).catch(code)
  const guessed = await client.call('library.import', { source: { grant: 'A'.repeat(22) } }).catch(code)
  const { kind } = await client.call('library.import', { source: { grant } })
  const doctor = await client.call('engine.doctor', {})
  const finished = new Promise<RunSummary>(resolve => {
    client.onEvent(event => {
      if (event.type !== 'run.changed') return
      if (event.run.state !== 'queued' && event.run.state !== 'running') resolve(event.run)
    })
  })
  await client.call('run.start', {
    document: {
      model: { architecture: 'resnet8-a' },
      data: { path: dataset },
      stages: [{ use: 'prune', sparsity: 0.5, allocation: 'global' }, { use: 'evaluate' }],
    },
  })
  const run = await finished
  await quit()
  const { notifications } = electron.asked
  return { info, typedPath, guessed, kind, doctor, run, notifications }
}

// The application catches what nobody else does; here it must end the test.
drive().then(
  seen => process.stdout.write(JSON.stringify(seen), () => process.exit(0)),
  error => process.stderr.write(`${error.stack}\n`, () => process.exit(1)),
)
