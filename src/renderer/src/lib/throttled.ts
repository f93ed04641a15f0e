/** The newest value of `source`, at most once every `waitMs`: what is drawn need not follow every event. */
import { onUnmounted, type ShallowRef, shallowRef, watch } from 'vue'

export function useThrottled<T>(source: () => T, waitMs: (value: T) => number): Readonly<ShallowRef<T>> {
  const value: ShallowRef<T> = shallowRef(source())
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(source, () => {
    timer ??= setTimeout(() => {
      timer = undefined
      value.value = source()
    }, waitMs(value.value))
  })
  onUnmounted(() => clearTimeout(timer))
  return value
}
