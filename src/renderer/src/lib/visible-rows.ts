/** Renders only the rows of a long table that can be seen, and gives the heights of what is left out. */
import { computed, onMounted, onUnmounted, type Ref, ref } from 'vue'

const spare = 12

export function visibleRange(
  count: number,
  rowHeight: number,
  scrollTop: number,
  height: number,
): { from: number; to: number } {
  const from = Math.max(0, Math.min(count, Math.floor(scrollTop / rowHeight) - spare))
  const to = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + spare)
  return { from, to: Math.max(from, to) }
}

export function useVisibleRows<T>(rows: Ref<readonly T[]>, scroller: Ref<HTMLElement | undefined>, rowHeight: number) {
  const scrollTop = ref(0)
  const height = ref(800)
  const onScroll = () => {
    scrollTop.value = scroller.value?.scrollTop ?? 0
  }
  const observer = new ResizeObserver(() => {
    height.value = scroller.value?.clientHeight ?? 800
  })
  onMounted(() => {
    scroller.value?.addEventListener('scroll', onScroll, { passive: true })
    if (scroller.value) observer.observe(scroller.value)
  })
  onUnmounted(() => observer.disconnect())

  const range = computed(() => visibleRange(rows.value.length, rowHeight, scrollTop.value, height.value))
  return {
    visible: computed(() => rows.value.slice(range.value.from, range.value.to)),
    first: computed(() => range.value.from),
    above: computed(() => range.value.from * rowHeight),
    below: computed(() => (rows.value.length - range.value.to) * rowHeight),
  }
}
