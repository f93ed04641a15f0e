/**
 * Electron for the built application, without its binary: the fake of the unit tests, but utility processes are real
 * ones of plain Node, with the `process.parentPort` that Electron gives them.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

export * from '../main/fake-electron.ts'

class UtilityProcess extends EventEmitter {
  readonly #child: ChildProcess
  stdout: Readable | null
  stderr: Readable | null
  constructor(entry: string) {
    super()
    this.#child = fork(entry, [], {
      execArgv: ['--import', join(import.meta.dirname, 'parent-port.ts')],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.stdout = this.#child.stdout
    this.stderr = this.#child.stderr
    this.#child.on('spawn', () => this.emit('spawn'))
    this.#child.on('message', message => this.emit('message', message))
    this.#child.on('exit', code => this.emit('exit', code ?? 1))
  }
  get pid() {
    return this.#child.pid
  }
  postMessage = (message: unknown) => this.#child.send(message as object)
  kill = () => this.#child.kill()
}

export const utilityProcess = { fork: (entry: string) => new UtilityProcess(entry) }
