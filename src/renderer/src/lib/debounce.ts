/** Calls `action` once, `ms` after the last of several calls. */
export function debounced(action: () => void, ms: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  return () => {
    clearTimeout(timer)
    timer = setTimeout(action, ms)
  }
}
