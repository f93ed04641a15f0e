/** Engine processes under plain Node: the terminal and the browser host. The desktop has its own (`utilityProcess`). */
import { fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { FromEngine } from '../engine/protocol.ts'
import type { EngineExit, EngineProcess } from './host.ts'

const worker = fileURLToPath(new URL('../engine/worker.ts', import.meta.url))

export function forkEngine(modulePath: string = worker): EngineProcess {
  const child = fork(modulePath, [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // In a process group of its own: the terminal's Ctrl-C goes to the studio, which stops the run properly.
    detached: process.platform !== 'win32',
  })
  let onExit: ((exit: EngineExit) => void) | undefined
  let ended: EngineExit | undefined
  const end = (exit: EngineExit) => {
    if (ended) return
    ended = exit
    onExit?.(exit)
  }
  child.once('error', error => {
    // Sending to a process that is going away is an error too; its end follows by itself.
    if (child.pid === undefined) end({ code: null, signal: null, reason: error.message })
  })
  // 'close' comes after the last message and the last line of output; 'exit' may come before them.
  child.once('close', (code, signal) => end({ code, signal }))
  return {
    pid: child.pid,
    send: message => {
      if (child.connected) child.send(message, () => {})
    },
    onMessage: listener => void child.on('message', message => listener(message as FromEngine)),
    onOutput(listener) {
      for (const stream of [child.stdout, child.stderr]) {
        if (stream) createInterface({ input: stream }).on('line', listener)
      }
    },
    onExit(listener) {
      onExit = listener
      if (ended) listener(ended)
    },
    kill: () => void child.kill('SIGKILL'),
  }
}
