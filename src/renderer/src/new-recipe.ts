/** A new recipe: the newest model and data set of the library, and the shortest pipeline that says something. */
import type { RecipeRecord } from '../../shared/domain.ts'
import { describeStages } from './lib/recipe-document.ts'
import { go, to } from './router.ts'
import { useLibrary } from './stores/library.ts'
import { useRecipes } from './stores/recipes.ts'

export async function newRecipe(inputs: { checkpoint?: string; data?: string } = {}): Promise<RecipeRecord> {
  const library = useLibrary()
  const newest = <T extends { addedAt: number; path: string }>(items: readonly T[]) =>
    items.reduce<T | undefined>((best, item) => (best && best.addedAt > item.addedAt ? best : item), undefined)?.path
  const checkpoint = inputs.checkpoint ?? newest(library.models)
  const data = inputs.data ?? newest(library.datasets)
  const stages = [{ use: 'evaluate' }, { use: 'prune', sparsity: 0.5 }, { use: 'evaluate' }]
  const record = await useRecipes().save({
    espalier: 1,
    name: describeStages(stages),
    model: checkpoint ? { checkpoint } : {},
    data: data ? { path: data } : {},
    stages,
  })
  go(to.recipe(record.id))
  return record
}
