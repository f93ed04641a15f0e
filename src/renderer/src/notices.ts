/** Short messages at the edge of the window, and what a screen reader is told about events it cannot see. */
import { ref, shallowRef } from 'vue'
import { type ErrorData, toErrorData } from '../../shared/errors.ts'

export interface Notice {
  readonly id: number
  readonly text: string
  readonly error: ErrorData | null
  readonly action: { readonly label: string; readonly run: () => void } | null
}

export const notices = shallowRef<readonly Notice[]>([])
/** The text of the polite live region. */
export const announcement = ref('')

const shownMs = 8000
let nextId = 1

export function dismissNotice(id: number): void {
  notices.value = notices.value.filter(notice => notice.id !== id)
}

function show(notice: Omit<Notice, 'id'>): void {
  const id = nextId++
  notices.value = [...notices.value, { id, ...notice }]
  // An error stays until it was read.
  if (!notice.error) setTimeout(() => dismissNotice(id), shownMs)
}

export const notify = (text: string, action: Notice['action'] = null): void => show({ text, error: null, action })

export function notifyError(thrown: unknown): void {
  const error = toErrorData(thrown)
  show({ text: error.message, error, action: null })
}

export function announce(text: string): void {
  announcement.value = text
}
