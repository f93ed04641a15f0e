/** Telling the person what went wrong in the main process: one sentence, the rule, what to do. Stacks go to the log. */
import { type BaseWindow, dialog, type MessageBoxOptions } from 'electron'
import { toErrorData } from '../shared/errors.ts'
import type { Log } from './log.ts'

/** Resolves when the person has read it. */
export type ShowFault = (error: unknown, window?: BaseWindow) => Promise<void>

export function createShowFault(log: Log): ShowFault {
  return async (error, window) => {
    log(error instanceof Error ? (error.stack ?? error.message) : String(error))
    const { message, rule, hint } = toErrorData(error)
    const options: MessageBoxOptions = { type: 'error', message, detail: [rule, hint].filter(Boolean).join('\n') }
    await (window && !window.isDestroyed() ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options))
  }
}

/** Electron's own answer to these is a dialog with a stack. */
export function setupFaults(showFault: ShowFault): void {
  process.on('uncaughtException', error => void showFault(error))
  process.on('unhandledRejection', reason => void showFault(reason))
}
