/** What a host (desktop, browser, terminal) gives the studio. */
import type { FromEngine, ToEngine } from '../engine/protocol.ts'
import type { ProbeResult } from '../engine/runtime/probe.ts'

export type { ProbeResult }

export interface EngineExit {
  readonly code: number | null
  readonly signal: string | null
  /** Why it could not be started, or what the host knows about its end. */
  readonly reason?: string
}

/** A process that works one run. Each `on...` takes one listener. */
export interface EngineProcess {
  readonly pid: number | undefined
  send(message: ToEngine): void
  onMessage(listener: (message: FromEngine) => void): void
  /** Lines that the process, or a native library in it, wrote to its outputs. */
  onOutput(listener: (line: string) => void): void
  /** Called once, after the last message; also when the process could not be started. */
  onExit(listener: (exit: EngineExit) => void): void
  /** Ends it at once. */
  kill(): void
}

export interface EngineDescription {
  /** The engine's part of a stage key: two engines of one version give the same numbers. */
  readonly version: string
  readonly tensorflow: string
}

export interface StudioOptions {
  readonly projectPath: string
  readonly host: 'desktop' | 'browser' | 'terminal'
  /** Whether a window may name a source by its path. */
  readonly acceptsPaths: boolean
  readonly directories: Directories
  readonly spawnEngine: () => EngineProcess
  /** Runs the doctor's probe in a process of its own. Default: a child process of plain Node. */
  readonly probe?: () => Promise<ProbeResult>
  /** The path behind a grant that the host gave; undefined if it gave none such. */
  readonly resolveGrant?: (grant: string) => string | undefined
  readonly recentProjects?: () => string[]
  /** Runs worked on at the same time. Default 1: TensorFlow uses all processors for one. */
  readonly concurrency?: number
  /** Milliseconds a run gets to stop by itself before its process is ended. Default 10,000. */
  readonly stopGraceMs?: number
  /** The engine in the cache, or null. Tests name one. */
  readonly describeEngine?: () => Promise<EngineDescription | null>
}

export interface Directories {
  /** What can be made again: decoded samples, work of runs. */
  readonly cache: string
  /** What must stay: uploads, the project that opens without being named. */
  readonly data: string
}
