/** What the studio is: version, host, project, engine. */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { Result } from '../../../shared/contract.ts'
import { call, onEvent, onOpen } from '../connection.ts'

export const useStudio = defineStore('studio', () => {
  const info = ref<Result<'studio.info'>>()

  const refetch = async () => {
    info.value = await call('studio.info', {}).catch(() => info.value)
  }
  onOpen(refetch)
  onEvent(event => {
    if (event.type === 'engine.changed' && info.value) info.value.engine = event.engine
    // The size of the project file stands in the status line.
    if (event.type === 'run.changed' && event.run.endedAt !== null) refetch()
  })

  return { info, refetch }
})
