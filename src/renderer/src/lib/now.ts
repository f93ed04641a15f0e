/**
 * The current time in milliseconds, ticking while the component that asks is shown. It stands still without a
 * connection: what is shown then is as of the moment when it was lost.
 */

import { onUnmounted, type Ref, ref } from 'vue'
import { connectionState } from '../connection.ts'

export function useNow(everyMs = 1000): Ref<number> {
  const now = ref(Date.now())
  const timer = setInterval(() => {
    if (connectionState.value === 'open') now.value = Date.now()
  }, everyMs)
  onUnmounted(() => clearInterval(timer))
  return now
}
