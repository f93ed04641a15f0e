/** The title of the window, as a reader of the task bar and of browser tabs needs it: the thing first, then the product. */
import { watchEffect } from 'vue'
import { percent } from './lib/format.ts'
import { shareDone } from './lib/run-detail.ts'
import { route } from './router.ts'
import { useLibrary } from './stores/library.ts'
import { useRecipes } from './stores/recipes.ts'
import { useRuns } from './stores/runs.ts'

export function useWindowTitle(): void {
  const library = useLibrary()
  const recipes = useRecipes()
  const runs = useRuns()

  const thing = (): string => {
    const { view, id } = route.value
    switch (view) {
      case 'dataset':
        return library.dataset(id)?.name ?? 'Data set'
      case 'model':
        return library.model(id)?.name ?? 'Model'
      case 'recipe':
        return recipes.record(id)?.name ?? 'Recipe'
      case 'run': {
        const run = runs.byId.get(id)
        return run ? `Run ${run.number} · ${run.name}` : 'Run'
      }
      case 'library':
        return 'Library'
      case 'recipes':
        return 'Recipes'
      case 'runs':
        return 'Runs'
      case 'compare':
        return 'Compare'
      case 'curves':
        return 'Curves'
      case 'curvesOf': {
        const run = runs.byId.get(id)
        return run ? `Curves of run ${run.number}` : 'Curves'
      }
      case 'doctor':
        return 'Doctor'
    }
  }

  watchEffect(() => {
    const [active] = runs.active
    const progress = active && runs.progress.get(active.id)
    const share = active && progress && shareDone(active, progress.stage, progress.done, progress.total)
    document.title = `${share ? `${percent(share, 0)} ` : ''}${thing()} – Espalier`
  })
}
