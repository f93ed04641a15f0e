/** Processes beside this one, under Electron: utility processes. Runs and the doctor's probe live in them. */
import type { Readable } from 'node:stream'
import { app, utilityProcess } from 'electron'
import type { EngineExit } from '../studio/host.ts'
import { reasonText } from './crash-policy.ts'
import { createLineSplitter } from './lines.ts'

/** Electron says that a process has died, and why, in two events of no fixed order: the second gets this long. */
const reasonMs = 100

/** What was written last is read after the end, but a pipe that a grandchild still holds must not hold up the news of it. */
const drainMs = 500

/** As `EngineProcess`, for any messages. */
export interface UtilityProcess {
  readonly pid: number | undefined
  send(message: unknown): void
  /** The caller knows what its entry says. */
  onMessage(listener: (message: never) => void): void
  onOutput(listener: (line: string) => void): void
  onExit(listener: (exit: EngineExit) => void): void
  kill(): void
}

let started = 0

/** `entry` is a bundled module; `name` is what task managers show. The environment is ours. */
export function startProcess(entry: string, name: string): UtilityProcess {
  const serviceName = `Espalier ${name} ${++started}`
  const child = utilityProcess.fork(entry, [], {
    serviceName,
    stdio: 'pipe',
    // The TensorFlow library is built on this machine and signed by nobody.
    allowLoadingUnsignedLibraries: true,
  })
  let onOutput: (line: string) => void = () => {}
  let onExit: (exit: EngineExit) => void = () => {}
  const outputs = [child.stdout, child.stderr]
    .filter(stream => stream !== null)
    .map(stream => readLines(stream, line => onOutput(line)))
  // V8 gives up: an `error` nobody listens to would end this process too. The exit follows.
  child.on('error', (type, location) => onOutput(`${type} at ${location}`))
  let hasEnded = false
  let reason: string | undefined
  const hear = (_event: unknown, gone: Electron.Details) => {
    if (gone.name === serviceName) reason = reasonText(gone.reason)
  }
  app.on('child-process-gone', hear)
  child.once('exit', async code => {
    hasEnded = true
    await Promise.all(outputs.map(output => output.drain()))
    if (code !== 0 && !reason) await new Promise(resolve => setTimeout(resolve, reasonMs))
    app.off('child-process-gone', hear)
    onExit({ code, signal: null, ...(code !== 0 && reason && { reason }) })
  })

  return {
    get pid() {
      return child.pid
    },
    send(message) {
      if (!hasEnded) child.postMessage(message)
    },
    onMessage: listener => child.on('message', listener as (message: unknown) => void),
    onOutput: listener => {
      onOutput = listener
    },
    onExit: listener => {
      onExit = listener
    },
    kill() {
      if (hasEnded) return
      if (child.pid === undefined) return void child.once('spawn', () => end(child))
      end(child)
    },
  }
}

/** `drain` resolves when everything is read, or after `drainMs`. */
function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): { drain(): Promise<void> } {
  const splitter = createLineSplitter(onLine)
  stream.on('data', splitter.push)
  return {
    drain: () =>
      new Promise(resolve => {
        // Electron takes all listeners off the streams right after `exit`, and a stream without one drops what comes.
        stream.pause()
        process.nextTick(() => {
          const done = () => {
            clearTimeout(limit)
            stream.removeListener('data', splitter.push)
            splitter.flush()
            resolve()
          }
          const limit = setTimeout(done, drainMs)
          if ((stream as Readable).readableEnded) return done()
          stream.removeAllListeners('data')
          stream.on('data', splitter.push)
          stream.once('end', done)
          stream.resume()
        })
      }),
  }
}

function end(child: Electron.UtilityProcess): void {
  try {
    // TensorFlow may be deep in a kernel, where nothing gentler is heard.
    if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
  // Electron's own way does the rest: it sees to it that the process is reaped.
  child.kill()
}
