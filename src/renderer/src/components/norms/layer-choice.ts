import { computed, ref, type WritableComputedRef } from 'vue'

/** The layer that a person chose, the first as long as none of these was chosen. */
export function useLayerChoice(names: () => readonly string[]): WritableComputedRef<string> {
  const chosen = ref<string>()
  return computed({
    get: () => names().find(name => name === chosen.value) ?? names()[0] ?? '',
    set: name => {
      chosen.value = name
    },
  })
}
