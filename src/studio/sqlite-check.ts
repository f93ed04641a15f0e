/** The doctor's look at the database of projects. */
import type { DoctorCheck } from '../shared/doctor.ts'
import { describeDatabase } from './project/describe.ts'
import type { Project } from './project/project.ts'

/** Whether SQLite works here and, given a project, whether its file is sound. */
export async function checkDatabase(project?: Project): Promise<DoctorCheck> {
  const version = describeDatabase()
  project?.checkSoundness()
  return {
    id: 'sqlite',
    label: 'Project database',
    status: 'ok',
    detail: project ? `SQLite ${version}; ${project.path} is sound` : `SQLite ${version}`,
  }
}
