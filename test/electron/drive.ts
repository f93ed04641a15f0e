/**
 * Runs the built main process on the stand-in for Electron and does what a window does: connect, import by grants, run a
 * recipe, quit. Arguments: the build's folder, the user's folder, the data set. Prints what it saw as JSON.
 */
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { portOf } from '../../src/main/port.ts'
import { channels } from '../../src/shared/bridge.ts'
import type { RunSummary } from '../../src/shared/domain.ts'
import { createClient } from '../../src/shared/rpc.ts'

const [build = '', user = '', dataset = ''] = process.argv.slice(2)
const standIn = pathToFileURL(join(import.meta.dirname, 'stand-in.ts')).href
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: standIn, shortCircuit: true } : next(specifier, context),
})
const electron = (await import(standIn)) as typeof import('./stand-in.ts')
Object.assign(electron.app.paths, { userData: user, logs: join(user, 'logs'), documents: user })

async function drive() {
  const opened = Promise.withResolvers<InstanceType<typeof electron.BrowserWindow>>()
  // In the next turn: the event comes while the window is being made.
  electron.app.on('browser-window-created', (_event, window) => setImmediate(() => opened.resolve(window)))
  await import(pathToFileURL(join(build, 'main/index.js')).href)
  const window = await opened.promise

  const frame = { origin: 'app://studio', url: 'app://studio/index.html', parent: null }
  const sender = window.webContents
  const connection = new Promise<InstanceType<typeof electron.MessageChannelMain>['port1']>(resolve => {
    const postMessage = (_channel: string, _message: unknown, [port]: never[]) => resolve(port as never)
    electron.ipcMain.emit(channels.connect, { sender, senderFrame: { ...frame, postMessage } })
  })
  const client = createClient(portOf((await connection) as never))
  const grant = (await electron.ipcMain.invoke(channels.grant, { sender, senderFrame: frame }, dataset)) as string

  const info = await client.call('studio.info', {})
  const typedPath = await client.call('library.import', { source: { path: dataset } }).catch(error => error.code)
  const guessed = await client
    .call('library.import', { source: { grant: 'AAAAAAAAAAAAAAAAAAAAAA' } })
    .catch(e => e.code)
  const item = await client.call('library.import', { source: { grant } })
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
  electron.app.quit()
  while (electron.asked.quits === 0) await new Promise(resolve => setTimeout(resolve, 20))

  return {
    info,
    typedPath,
    guessed,
    kind: item.kind,
    doctor,
    run,
    notifications: electron.asked.notifications,
    recent: electron.asked.recentDocuments,
  }
}

// The application catches what nobody else does; here it must end the test.
drive().then(
  seen => process.stdout.write(JSON.stringify(seen), () => process.exit(0)),
  error => process.stderr.write(`${error.stack}\n`, () => process.exit(1)),
)
