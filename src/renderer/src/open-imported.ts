/** One import opens its report; of several that end together the library's list says enough. */
import { watch } from 'vue'
import { go, route, to } from './router.ts'
import { useImports } from './stores/imports.ts'

export function useOpenImported(): void {
  const imports = useImports()
  watch(
    () => imports.latest,
    item => {
      const isBusy = [...imports.jobs.values()].some(job => job.state !== 'done')
      const isInLibrary = ['library', 'dataset', 'model'].includes(route.value.view)
      if (!item || isBusy || !isInLibrary) return
      go(item.kind === 'dataset' ? to.dataset(item.dataset.id) : to.model(item.model.id))
    },
  )
}
