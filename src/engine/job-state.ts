/** The state file of a job, as one of its stages sees it. */
import { toErrorData } from '../shared/errors.ts'
import type { FromEngine, Job } from './protocol.ts'
import type { StateStore } from './stage-runner.ts'
import { readState, writeState } from './training/state-file.ts'

/** Within an epoch; at its end the state is written whatever the time. */
const usualMs = 60_000

export function createStateStore(
  { stateDirectory, saveEveryMs = usualMs }: Pick<Job, 'stateDirectory' | 'saveEveryMs'>,
  stage: number,
  emit: (message: Extract<FromEngine, { type: 'log' }>) => void,
): StateStore {
  return {
    everyMs: saveEveryMs,
    async read() {
      const found = await readState(stateDirectory)
      return found?.stage === stage ? found : undefined
    },
    async write(state) {
      try {
        await writeState(stateDirectory, { ...state, stage })
      } catch (thrown) {
        const { message } = toErrorData(thrown)
        emit({ type: 'log', text: `The state of the run was not saved, the one before it is still there. ${message}` })
      }
    },
  }
}
