/** Hash routes: `#/runs/ID`. The hash is the only state of the window that a reload and a link must keep. */
import { computed, ref } from 'vue'

export type ViewName =
  | 'library'
  | 'dataset'
  | 'model'
  | 'recipes'
  | 'recipe'
  | 'runs'
  | 'run'
  | 'compare'
  | 'doctor'
  | 'curves'
  | 'curvesOf'

export interface Route {
  readonly view: ViewName
  /** Of `dataset`, `model`, `recipe`, `run` and `curvesOf` (a run). */
  readonly id: string
  /** Of `compare`, in the order chosen; the first is the baseline. */
  readonly ids: readonly string[]
}

const plain: Record<string, ViewName> = {
  library: 'library',
  recipes: 'recipes',
  runs: 'runs',
  compare: 'compare',
  doctor: 'doctor',
  curves: 'curves',
}
const withId: Record<string, ViewName> = {
  data: 'dataset',
  models: 'model',
  recipes: 'recipe',
  runs: 'run',
  curves: 'curvesOf',
}

/** Anything unknown is the library. */
function parseHash(hash: string): Route {
  const [first = '', rest = ''] = hash.replace(/^#\/?/, '').split('/')
  const id = decodeURIComponent(rest)
  if (first === 'compare') return { view: 'compare', id: '', ids: id.split(',').filter(Boolean) }
  if (id && withId[first]) return { view: withId[first], id, ids: [] }
  return { view: plain[first] ?? 'library', id: '', ids: [] }
}

export const to = {
  library: () => '#/library',
  dataset: (id: string) => `#/data/${encodeURIComponent(id)}`,
  model: (id: string) => `#/models/${encodeURIComponent(id)}`,
  recipes: () => '#/recipes',
  recipe: (id: string) => `#/recipes/${encodeURIComponent(id)}`,
  runs: () => '#/runs',
  run: (id: string) => `#/runs/${encodeURIComponent(id)}`,
  compare: (ids: readonly string[] = []) => `#/compare${ids.length ? `/${ids.map(encodeURIComponent).join(',')}` : ''}`,
  doctor: () => '#/doctor',
  curves: () => '#/curves',
  curvesOf: (run: string) => `#/curves/${encodeURIComponent(run)}`,
} as const

const hash = ref(window.location.hash)
window.addEventListener('hashchange', () => {
  hash.value = window.location.hash
})

export const route = computed(() => parseHash(hash.value))

export function go(target: string): void {
  window.location.hash = target
}

/** Changes the address without a step in the history. */
export function replaceWith(target: string): void {
  window.history.replaceState(null, '', target)
  hash.value = target
}
