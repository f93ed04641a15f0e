/** The folders of the person who uses Espalier. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from '../engine/runtime/cache.ts'
import type { Directories } from './host.ts'

export interface Surroundings {
  readonly platform: NodeJS.Platform
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly home: string
}

const current = (): Surroundings => ({ platform: process.platform, variables: process.env, home: homedir() })

/** `ESPALIER_CACHE` and `ESPALIER_DATA` name other folders. Nothing is made. */
export function userDirectories(surroundings: Surroundings = current()): Directories {
  return { cache: cacheFolder(surroundings), data: dataFolder(surroundings) }
}

function dataFolder({ platform, variables, home }: Surroundings): string {
  const chosen = variables['ESPALIER_DATA']
  if (chosen) return chosen
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'espalier')
  if (platform === 'win32') return join(variables['APPDATA'] ?? join(home, 'AppData', 'Roaming'), 'espalier')
  return join(variables['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'espalier')
}

/** The project that opens when none is named. */
export const defaultProjectPath = ({ data }: Directories): string => join(data, 'Studio.espalier')

/** Where the samples of data sets are kept decoded. */
export const samplesFolder = ({ cache }: Directories): string => join(cache, 'samples')

/** Where a run's process puts the models that it hands back. */
export const workFolder = ({ cache }: Directories, runId: string): string => join(cache, 'work', runId)

/** Where a run's process keeps the state that it goes on from: beside the project, because it cannot be made again. */
export const stateFolder = (projectPath: string, runId: string): string => join(`${projectPath}-state`, runId)
