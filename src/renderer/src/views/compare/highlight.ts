/** The run under the pointer or the focus: its row, its point and its column light up together. */
import { type InjectionKey, inject, provide, type Ref, ref } from 'vue'

const key: InjectionKey<Ref<string | null>> = Symbol('highlighted run')

export function provideHighlight(): Ref<string | null> {
  const run = ref<string | null>(null)
  provide(key, run)
  return run
}

export function useHighlight(): Ref<string | null> {
  return inject(key, () => ref<string | null>(null), true)
}
