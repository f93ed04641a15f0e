/** The storages that a pickle of torch.save refers to by persistent id, collected while it is read. */
import { invalidPickle, isCount, type PicklePlace, type PickleValue, textOf } from '../codecs/pickle-values.ts'
import { storageTypeOf, type TorchStorage } from './objects.ts'

export interface StorageTable {
  /** Whole storages by key, in order of first mention. */
  readonly storages: ReadonlyMap<string, TorchStorage>
  /** For the `persistent` option of the pickle reader. */
  readonly resolve: (id: PickleValue, at: PicklePlace) => TorchStorage
}

/**
 * A persistent id is ('storage', type, key, device, count), and in the old layout a sixth item: None, or
 * (view key, offset, count) for a part of that storage.
 */
export function createStorageTable(): StorageTable {
  const storages = new Map<string, TorchStorage>()
  return {
    storages,
    resolve(id, at) {
      const [what, storageType, storedKey, , count, view = null] = Array.isArray(id) ? id : []
      const key = typeof storedKey === 'number' ? String(storedKey) : textOf(storedKey)
      if (textOf(what) !== 'storage' || key === undefined || !isCount(count)) {
        throw invalidPickle(at, 'a reference that names no storage')
      }
      const known = storages.get(key)
      const whole = { kind: 'torch-storage', key, ...storageTypeOf(storageType, at), base: 0, count } as const
      if (known && (known.typeName !== whole.typeName || known.count !== count)) {
        throw invalidPickle(at, `storage "${key}" is declared twice, in different ways`)
      }
      storages.set(key, whole)
      if (view === null) return whole
      const [, base, viewCount] = Array.isArray(view) ? view : []
      if (!isCount(base) || !isCount(viewCount) || base + viewCount > count) {
        throw invalidPickle(at, `a view that does not lie inside storage "${key}"`)
      }
      return { ...whole, base, count: viewCount }
    },
  }
}
