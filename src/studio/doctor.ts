/** Everything the product depends on, looked at: the engine's checks and the database of projects. */
import { doctor } from '../engine/runtime/doctor.ts'
import { formatBytes } from '../engine/runtime/progress.ts'
import { decodedLimit, keptSets } from '../formats/samples/kept-sets.ts'
import type { DoctorCheck, DoctorReport } from '../shared/doctor.ts'
import { samplesFolder, userDirectories } from './directories.ts'
import type { StudioOptions } from './host.ts'
import { describeDatabase } from './project/describe.ts'
import type { Project } from './project/project.ts'

export interface DoctorRun extends Partial<Pick<StudioOptions, 'probe' | 'directories'>> {
  readonly project?: Project
}

export const runDoctor = ({ project, probe, directories = userDirectories() }: DoctorRun = {}): Promise<DoctorReport> =>
  doctor({
    extra: [async () => checkDatabase(project), () => checkSamples(samplesFolder(directories))],
    ...(probe && { probe }),
  })

/** What decoded samples take of the disk. */
export async function checkSamples(folder: string, limit = decodedLimit): Promise<DoctorCheck> {
  const sets = await keptSets(folder)
  const bytes = sets.reduce((sum, set) => sum + set.bytes, 0)
  return {
    id: 'samples',
    label: 'Decoded samples',
    status: 'ok',
    detail: `${sets.length} data sets, ${formatBytes(bytes)} of at most ${formatBytes(limit)}: ${folder}`,
  }
}

/** Whether SQLite works here and, given a project, whether its file is sound. Throws `project.corrupt`. */
export function checkDatabase(project?: Project): DoctorCheck {
  const version = describeDatabase()
  project?.checkSoundness()
  return {
    id: 'sqlite',
    label: 'Project database',
    status: 'ok',
    detail: project ? `SQLite ${version}; ${project.path} is sound` : `SQLite ${version}`,
  }
}
