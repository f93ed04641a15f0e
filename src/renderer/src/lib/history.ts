/** Undo and redo over whole documents. Steps with the same `step` name that follow quickly are one step. */
import { computed, shallowRef } from 'vue'

const togetherMs = 1200
const kept = 200

export function useHistory<T>(initial: T) {
  const current = shallowRef(initial)
  const past = shallowRef<readonly T[]>([])
  const future = shallowRef<readonly T[]>([])
  let lastStep = ''
  let lastAt = 0

  function change(next: T, step = ''): void {
    if (next === current.value) return
    const now = Date.now()
    const isSameStep = step !== '' && step === lastStep && now - lastAt < togetherMs
    if (!isSameStep) past.value = [...past.value.slice(-kept), current.value]
    future.value = []
    lastStep = step
    lastAt = now
    current.value = next
  }

  function undo(): void {
    const previous = past.value.at(-1)
    if (previous === undefined) return
    past.value = past.value.slice(0, -1)
    future.value = [current.value, ...future.value]
    lastStep = ''
    current.value = previous
  }

  function redo(): void {
    const [next, ...rest] = future.value
    if (next === undefined) return
    past.value = [...past.value, current.value]
    future.value = rest
    lastStep = ''
    current.value = next
  }

  return {
    current,
    change,
    undo,
    redo,
    canUndo: computed(() => past.value.length > 0),
    canRedo: computed(() => future.value.length > 0),
  }
}
