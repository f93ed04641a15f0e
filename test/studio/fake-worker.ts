/** An engine process for tests of processes: the first seed's evaluation goes on until it is told otherwise. */
import type { FromEngine, ToEngine } from '../../src/engine/protocol.ts'

const say = (message: FromEngine) => process.send!(message)

process.on('disconnect', () => process.exit(0))
process.on('message', (message: ToEngine) => {
  if (message.type === 'stop') {
    say({ type: 'stopped' })
    process.disconnect()
    return
  }
  const { name } = message.job.recipe
  process.stderr.write(`pid ${process.pid}\n`)
  say({ type: 'engine', tensorflow: '2.21.0', device: 'CPU' })
  say({ type: 'stage-started', stage: 0 })
  say({ type: 'progress', stage: 0, done: 1, total: 4, unit: 'samples' })
  if (name === 'exits') process.exit(7)
  if (name === 'aborts') process.abort()
  if (name === 'throws') throw new Error('a fault of the worker')
  setInterval(() => {}, 1000)
})
say({ type: 'ready' })
