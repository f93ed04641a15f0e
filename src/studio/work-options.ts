/** What working a run needs of the studio. */
import type { ErrorData } from '../shared/errors.ts'
import type { Announcer } from './announcer.ts'
import type { StudioOptions } from './host.ts'
import type { Readers } from './inputs.ts'
import type { Project } from './project/project.ts'

export interface WorkOptions extends Pick<StudioOptions, 'directories' | 'spawnEngine'> {
  readonly project: Project
  readonly announcer: Announcer
  readonly ownerId: string
  readonly readers: Readers
  readonly describeEngine: NonNullable<StudioOptions['describeEngine']>
  readonly stopGraceMs: number
  readonly onEngine: (engine: { tensorflow: string; device: string } | ErrorData) => void
}
