import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'

/** What a provider works with while it builds an engine. */
export interface BuildContext {
  readonly environment: Environment
  /** The provider's own work folder. It outlives an interruption: finished steps are found in it again. */
  readonly staging: string
  readonly report: Progress
}

/** An engine that was built inside the staging folder and now only has to be hashed and moved into place. */
export interface BuiltEngine {
  /** The folder that becomes the engine's. */
  readonly folder: string
  /** Where libtensorflow came from, in words. */
  readonly source: string
  /** Version of libtensorflow. */
  readonly tensorflow: string
  /** The addon, relative to `folder`. */
  readonly addon: string
}

/** One way to come by libtensorflow and an addon that fits it. */
export interface Provider {
  /** Permanent: it is part of the engine folder's name, and `ESPALIER_ENGINE` chooses a provider by it. */
  readonly id: string
  readonly label: string
  /** Raised when the same provider would build something else than before: older engines are then left aside. */
  readonly revision: number
  /** Why it cannot work on this machine, as a clause; `null` when it is worth a try. */
  unsuitable(environment: Environment): string | null
  /** Builds the engine. Throws an `EspalierError` that says what failed and what would help. */
  build(context: BuildContext): Promise<BuiltEngine>
}
