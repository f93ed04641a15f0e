/** What a start without more ado shows. */
export interface StartSituation {
  /** From the command line or the system. */
  readonly requested: readonly string[]
  readonly recent: readonly string[]
  exists(path: string): boolean
  /** Where the first project of all is made. */
  readonly firstEver: string
}

export type FirstProjects =
  | { readonly open: readonly string[] }
  /** Nothing to open: a first project is made, so that the studio is never without one. */
  | { readonly create: string }

/** What was asked for; else the project used last; else a new one. */
export function firstProjects({ requested, recent, exists, firstEver }: StartSituation): FirstProjects {
  if (requested.length > 0) return { open: requested }
  const last = recent.find(exists)
  if (last !== undefined) return { open: [last] }
  return { create: firstEver }
}
