/**
 * The process that runs one run. It says `ready`, gets its job with `start`, and ends after `finished`, `stopped` or
 * `failed`, whichever comes first; it ends without a word when the studio is gone.
 */
import './thread-pool.ts'
import { EspalierError, toErrorData } from '../shared/errors.ts'
import { runJob } from './job.ts'
import { openPort } from './job-port.ts'
import type { FromEngine } from './protocol.ts'

const port = openPort()
const stopping = new AbortController()
let hasStarted = false
let hasEnded = false

async function end(message: Extract<FromEngine, { type: 'finished' | 'stopped' | 'failed' }>): Promise<void> {
  if (hasEnded) return
  hasEnded = true
  await port.send(message)
  process.exit(message.type === 'failed' ? 1 : 0)
}

function fail(thrown: unknown): Promise<void> {
  const isStop = stopping.signal.aborted && thrown instanceof EspalierError && thrown.code === 'run.stopped'
  return end(isStop ? { type: 'stopped' } : { type: 'failed', error: toErrorData(thrown) })
}

process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
// Ctrl-C in a terminal may reach this process too; what it means is for the studio to decide.
process.on('SIGINT', () => {})
port.onClose(() => process.exit(0))
port.onMessage(message => {
  if (message.type === 'stop') {
    stopping.abort()
    if (!hasStarted) void end({ type: 'stopped' })
    return
  }
  if (hasStarted) return
  hasStarted = true
  const emit = (event: FromEngine) => {
    if (!hasEnded) void port.send(event)
  }
  runJob(message.job, emit, stopping.signal).then(() => end({ type: 'finished' }), fail)
})
void port.send({ type: 'ready' })
