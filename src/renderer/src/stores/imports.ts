/** Imports that are under way or have just ended, in this window. What was imported stands in the library. */
import { defineStore } from 'pinia'
import { ref, shallowReactive } from 'vue'
import type { LibraryItem, Source } from '../../../shared/contract.ts'
import { type ErrorData, toErrorData } from '../../../shared/errors.ts'
import { call, onEvent } from '../connection.ts'
import type { ImportGroup } from '../lib/drop.ts'
import { bytes } from '../lib/format.ts'
import { upload } from '../lib/upload.ts'

export interface ImportJob {
  readonly importId: string
  readonly name: string
  /** What happens now, in words. */
  readonly step: string
  readonly done: number
  /** 0 = unknown. */
  readonly total: number
  readonly state: 'working' | 'done' | 'failed'
  readonly error: ErrorData | null
  readonly item: LibraryItem | null
}

export const useImports = defineStore('imports', () => {
  const jobs = shallowReactive(new Map<string, ImportJob>())
  const cancels = new Map<string, AbortController>()
  /** The last item that came in; a new object each time. */
  const latest = ref<LibraryItem>()

  const update = (importId: string, change: Partial<ImportJob>) => {
    const job = jobs.get(importId)
    if (job) jobs.set(importId, { ...job, ...change })
  }

  onEvent(event => {
    if (event.type !== 'import.progress' || jobs.get(event.importId)?.state !== 'working') return
    update(event.importId, { step: event.step, done: event.done, total: event.total })
  })

  /** Resolves when the job has ended, either way; the job says how. */
  async function run(name: string, obtain: (importId: string, signal: AbortSignal) => Promise<Source>): Promise<void> {
    const importId = crypto.randomUUID()
    const cancel = new AbortController()
    cancels.set(importId, cancel)
    jobs.set(importId, {
      importId,
      name,
      step: 'Waiting',
      done: 0,
      total: 0,
      state: 'working',
      error: null,
      item: null,
    })
    try {
      const source = await obtain(importId, cancel.signal)
      update(importId, { step: 'Reading', done: 0, total: 0 })
      const item = await call('library.import', { source, importId }, { signal: cancel.signal })
      update(importId, { state: 'done', item })
      latest.value = item
    } catch (thrown) {
      if (cancel.signal.aborted) jobs.delete(importId)
      else update(importId, { state: 'failed', error: toErrorData(thrown) })
    } finally {
      cancels.delete(importId)
    }
  }

  const importGroup = (group: ImportGroup) =>
    run(group.name, async (importId, signal) => {
      const bridge = window.espalier
      const [first] = group.files
      // On the desktop nothing is copied: the host learns where the dropped thing lies.
      if (bridge && first) return { grant: await bridge.grantForFile(first.file) }
      const grant = await upload(
        group.files,
        (done, total) => update(importId, { step: `Sending ${bytes(total)}`, done, total }),
        signal,
      )
      return { grant }
    })

  return {
    jobs,
    latest,
    importGroup,
    importGrant: (name: string, grant: string) => run(name, async () => ({ grant })),
    importPath: (path: string) => run(path, async () => ({ path })),
    cancel: (importId: string) => cancels.get(importId)?.abort(),
    dismiss: (importId: string) => jobs.delete(importId),
  }
})
