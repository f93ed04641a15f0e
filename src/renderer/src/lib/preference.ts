/** A ref whose value survives a reload: how this window looks, never what the person works on. */
import { type Ref, ref, watch } from 'vue'

export function preference<T extends string>(name: string, initial: T, allowed: readonly T[]): Ref<T> {
  const key = `espalier.${name}`
  const stored = read(key)
  const value = ref(allowed.find(option => option === stored) ?? initial) as Ref<T>
  watch(value, next => {
    try {
      localStorage.setItem(key, next)
    } catch {
      // Storage may be full or forbidden; the preference then lasts as long as the window.
    }
  })
  return value
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}
