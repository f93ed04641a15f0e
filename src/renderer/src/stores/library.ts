/** Data sets and models, a cache of `library.list`. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { DatasetReport, ModelReport } from '../../../shared/domain.ts'
import { call, onEvent, onOpen } from '../connection.ts'

export const useLibrary = defineStore('library', () => {
  const datasets = shallowRef<DatasetReport[]>([])
  const models = shallowRef<ModelReport[]>([])
  const isLoaded = ref(false)

  const refetch = async () => {
    const library = await call('library.list', {}).catch(() => undefined)
    if (!library) return
    datasets.value = library.datasets
    models.value = library.models
    isLoaded.value = true
  }
  onOpen(refetch)
  onEvent(event => {
    if (event.type === 'library.changed') refetch()
  })

  const remove = (kind: 'dataset' | 'model', id: string) => call('library.remove', { kind, id })

  return {
    datasets,
    models,
    isLoaded,
    isEmpty: computed(() => datasets.value.length === 0 && models.value.length === 0),
    dataset: (id: string) => datasets.value.find(d => d.id === id),
    model: (id: string) => models.value.find(m => m.id === id),
    /** Recipes name things by path. */
    datasetAt: (path: string | undefined) => datasets.value.find(d => d.path === path),
    modelAt: (path: string | undefined) => models.value.find(m => m.path === path),
    refetch,
    remove,
  }
})
