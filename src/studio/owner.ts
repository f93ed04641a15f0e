/**
 * Who works in a project, and whether they still do. A process id alone says little: it is given again after a death or
 * a restart of the machine. So an owner is known by its machine (with the machine's current start), its process id and
 * the time the operating system started it; where that cannot be asked, by the time it was last heard of.
 */
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { processExists } from '../formats/process-exists.ts'
import type { Owner } from './project/owners.ts'

export { processExists }

/** An owner says this often that it lives while it has runs. */
export const heartbeatMs = 5000
/** Without other evidence, an owner that was silent for this long is dead. */
export const silenceMs = 60_000

export function describeSelf(host: string, at: number): Omit<Owner, 'closedAt' | 'heardAt'> {
  return {
    id: randomUUID(),
    host,
    machine: machine(),
    pid: process.pid,
    processStarted: processStart(process.pid) ?? null,
    openedAt: at,
  }
}

export function isAlive(owner: Owner, now: number): boolean {
  if (owner.closedAt !== null) return false
  const wasHeard = now - owner.heardAt < silenceMs
  if (owner.machine !== machine()) return wasHeard
  if (!processExists(owner.pid)) return false
  if (owner.processStarted === null) return wasHeard
  return processStart(owner.pid) === owner.processStarted
}

let knownMachine: string | undefined

/** Host name, the machine's start and the process namespace: where a process id means the same process. */
function machine(): string {
  knownMachine ??= [
    hostname(),
    read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    read(() => readlinkSync('/proc/self/ns/pid')),
  ]
    .filter(Boolean)
    .join(' ')
  return knownMachine
}

/** When a process was started, in the system's own words; undefined if it is gone or the system cannot say. */
function processStart(pid: number): string | undefined {
  if (process.platform === 'linux') return read(() => fromStat(readFileSync(`/proc/${pid}/stat`, 'utf8')))
  if (process.platform === 'darwin') {
    return (
      read(() => execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()) || undefined
    )
  }
  return
}

/** proc(5): the name in parentheses may hold anything; after it come the state (3) and, as field 22, the start in ticks. */
function fromStat(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A zombie has ended; only its parent has not asked about it yet.
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

function read<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return
  }
}
