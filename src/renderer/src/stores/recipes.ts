/** Recipes, a cache of `recipe.list`. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { RecipeRecord } from '../../../shared/domain.ts'
import { call, onEvent, onOpen } from '../connection.ts'

export const useRecipes = defineStore('recipes', () => {
  const records = shallowRef<RecipeRecord[]>([])
  const isLoaded = ref(false)

  const refetch = async () => {
    const list = await call('recipe.list', {}).catch(() => undefined)
    if (!list) return
    records.value = list.recipes
    isLoaded.value = true
  }
  onOpen(refetch)
  onEvent(event => {
    if (event.type === 'recipe.changed') refetch()
  })

  /** Without an id a new recipe. The list has the saved record when this resolves. */
  async function save(document: unknown, id?: string): Promise<RecipeRecord> {
    const record = await call('recipe.save', { document, ...(id && { id }) })
    records.value = records.value.some(r => r.id === record.id)
      ? records.value.map(r => (r.id === record.id ? record : r))
      : [...records.value, record]
    return record
  }

  async function remove(id: string): Promise<void> {
    await call('recipe.remove', { id })
    records.value = records.value.filter(r => r.id !== id)
  }

  return { records, isLoaded, record: (id: string) => records.value.find(r => r.id === id), refetch, save, remove }
})
