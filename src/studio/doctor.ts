/** Everything the product depends on, looked at: the engine's checks and the database of projects. */
import { doctor } from '../engine/runtime/doctor.ts'
import type { DoctorCheck, DoctorReport } from '../shared/doctor.ts'
import type { StudioOptions } from './host.ts'
import { describeDatabase } from './project/describe.ts'
import type { Project } from './project/project.ts'

export interface DoctorRun extends Pick<StudioOptions, 'probe'> {
  readonly project?: Project
}

export const runDoctor = ({ project, probe }: DoctorRun = {}): Promise<DoctorReport> =>
  doctor({ extra: [async () => checkDatabase(project)], ...(probe && { probe }) })

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
