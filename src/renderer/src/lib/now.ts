/** The current time in milliseconds, ticking while the component that asks is shown. */
import { onUnmounted, type Ref, ref } from 'vue'

export function useNow(everyMs = 1000): Ref<number> {
  const now = ref(Date.now())
  const timer = setInterval(() => {
    now.value = Date.now()
  }, everyMs)
  onUnmounted(() => clearInterval(timer))
  return now
}
