/**
 * A recipe while it is edited: undo, autosave, and what is wrong with it. What another window saves is taken over,
 * unless both have changes; then the person decides.
 */
import { computed, onUnmounted, ref, shallowRef, watch } from 'vue'
import type { RecipeRecord } from '../../../../shared/domain.ts'
import type { RecipeProblem } from '../../../../shared/recipe.ts'
import { checkRecipe } from '../../../../shared/recipe.ts'
import { call, connectionState } from '../../connection.ts'
import { debounced } from '../../lib/debounce.ts'
import { useHistory } from '../../lib/history.ts'
import { wrongOf } from '../../lib/problem-text.ts'
import {
  isObject,
  type Json,
  type JsonObject,
  type Path,
  pathText,
  renamed,
  withValue,
} from '../../lib/recipe-document.ts'
import { notifyError } from '../../notices.ts'
import { useRecipes } from '../../stores/recipes.ts'

const saveAfterMs = 700
const checkAfterMs = 300

export function useRecipeDraft(initial: RecipeRecord) {
  const recipes = useRecipes()
  const history = useHistory<JsonObject>(documentOf(initial))
  const document = history.current
  /** What the studio has, as far as this window knows. */
  const saved = shallowRef(document.value)
  let savedVersion = initial.version
  const saving = ref(false)
  const foreign = shallowRef<RecipeRecord>()

  const isDirty = computed(() => document.value !== saved.value)

  function change(path: Path, value: Json | undefined, step = pathText(path)): void {
    const before = document.value
    history.change(renamed(before, withValue(before, path, value) as JsonObject), step)
  }

  let running: Promise<void> = Promise.resolve()
  /** Saves what is unsaved; resolves when the studio has it, rejects when it cannot be saved. */
  function flush(): Promise<void> {
    running = running
      .catch(() => {})
      .then(async () => {
        // A recipe that was removed, here or in another window, must not come back by a late save.
        if (!isDirty.value || foreign.value || !recipes.record(initial.id)) return
        const sent = document.value
        saving.value = true
        try {
          const record = await recipes.save(sent, initial.id)
          savedVersion = record.version
          saved.value = sent
        } finally {
          saving.value = false
        }
      })
    return running
  }
  const autosave = debounced(() => flush().catch(notifyError), saveAfterMs)
  watch(document, autosave)
  // What could not be saved while the connection was lost is saved when it is back.
  watch(connectionState, state => {
    if (state === 'open') flush().catch(notifyError)
  })

  watch(
    () => recipes.record(initial.id),
    record => {
      if (!record || saving.value || record.version <= savedVersion) return
      if (isDirty.value) foreign.value = record
      else adopt(record)
    },
  )

  function adopt(record: RecipeRecord): void {
    const theirs = documentOf(record)
    savedVersion = record.version
    foreign.value = undefined
    history.change(theirs)
    saved.value = theirs
  }

  function keepMine(): void {
    savedVersion = foreign.value?.version ?? savedVersion
    foreign.value = undefined
    flush().catch(notifyError)
  }

  /** The schema is checked here at once; the studio knows more (files, architectures) and answers a moment later. */
  const local = computed<readonly RecipeProblem[]>(() => checkRecipe(document.value).problems)
  const remote = shallowRef<readonly RecipeProblem[]>([])
  const askStudio = debounced(async () => {
    const asked = document.value
    const answer = await call('recipe.check', { document: asked }).catch(() => undefined)
    if (answer && asked === document.value) remote.value = answer.problems
  }, checkAfterMs)
  watch(
    document,
    () => {
      remote.value = []
      askStudio()
    },
    { immediate: true },
  )
  const problems = computed(() => (local.value.length > 0 ? local.value : remote.value))

  const leave = () => {
    flush().catch(notifyError)
  }
  window.addEventListener('pagehide', leave)
  onUnmounted(() => {
    window.removeEventListener('pagehide', leave)
    leave()
  })

  return {
    document,
    change,
    undo: history.undo,
    redo: history.redo,
    canUndo: history.canUndo,
    canRedo: history.canRedo,
    isDirty,
    saving,
    foreign,
    adopt,
    keepMine,
    flush,
    problems,
    /** The sentences about exactly this place. */
    problemsAt: (path: Path) =>
      problems.value
        .filter(p => p.path === pathText(path))
        .map(p => (p.hint ? `${wrongOf(p)}. ${p.hint}` : wrongOf(p))),
  }
}

export type RecipeDraft = ReturnType<typeof useRecipeDraft>

const documentOf = (record: RecipeRecord): JsonObject => (isObject(record.document) ? record.document : {})

/** The id of the control for a place in the document. */
export const fieldIdOf = (path: Path): string => `field-${pathText(path)}`
