/** The versions of the project file: one file each in `migrations/`, one line here, in order. */
import { firstLight } from './migrations/001-first-light.ts'
import { paused } from './migrations/002-paused.ts'
import { norms } from './migrations/003-norms.ts'
import { federations } from './migrations/004-federations.ts'
import { triedBy } from './migrations/005-tried-by.ts'

export interface Migration {
  /** The `user_version` that it leads to. */
  readonly version: number
  readonly sql: string
}

export const migrations: readonly Migration[] = [firstLight, paused, norms, federations, triedBy]
