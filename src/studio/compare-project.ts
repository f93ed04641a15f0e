/** All runs of a project that is only looked at. */
import { resolve } from 'node:path'
import type { Comparison } from '../shared/domain.ts'
import { compareRuns } from './compare.ts'
import { withFaults } from './project/faults.ts'
import { openProject } from './project/project.ts'

/** Writes nothing, and may be called while others have the project open. Throws as `openProject` does. */
export function compareProject(file: string): Comparison {
  const path = resolve(file)
  const project = openProject(path, { readOnly: true })
  try {
    return withFaults(path, () =>
      project.read(() =>
        compareRuns(
          project.runs.list().map(({ id }) => ({ run: project.runs.get(id)!, layers: project.layers.ofRun(id) })),
        ),
      ),
    )
  } finally {
    project.close()
  }
}
