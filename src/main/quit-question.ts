/** What to ask before work would be cut off. */
import type { RunSummary } from '../shared/domain.ts'

export type QuitChoice = 'keep-running' | 'stop' | 'cancel'

export interface QuitQuestion {
  readonly message: string
  readonly detail: string
  readonly buttons: readonly string[]
  /** What each button means. */
  readonly choices: readonly QuitChoice[]
}

/** `occasion`: the whole application is to end, or the last window of one project. null when nothing would be lost. */
export function quitQuestion(active: readonly RunSummary[], occasion: 'quit' | 'close'): QuitQuestion | null {
  const [first] = active
  if (!first) return null
  const what =
    active.length === 1
      ? `Run ${first.number} (${first.name}, seed ${first.seed}) is not finished.`
      : `${active.length} runs are not finished.`
  const stop = occasion === 'quit' ? 'Stop and quit' : 'Stop and close'
  return {
    message: what,
    detail:
      'Espalier can go on without a window and end by itself after the last run. Start it again to look at the runs. ' +
      'A run that is stopped keeps the stages it has finished.',
    buttons: ['Keep running', stop, 'Cancel'],
    choices: ['keep-running', 'stop', 'cancel'],
  }
}

/** A dialog that is dismissed answers with its cancel button. */
export function choiceOf(question: QuitQuestion, button: number): QuitChoice {
  return question.choices[button] ?? 'cancel'
}
