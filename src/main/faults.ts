/** Telling the person what went wrong in the main process: one sentence, the rule, what to do. Stacks go to the log. */
import { app, type BaseWindow, dialog, type MessageBoxOptions } from 'electron'
import { toErrorData } from '../shared/errors.ts'
import type { Log } from './log.ts'

/** Resolves when the person has read it. */
export type ShowFault = (error: unknown, window?: BaseWindow) => Promise<void>

export function createShowFault(log: Log): ShowFault {
  return async (error, window) => {
    log(stackOf(error))
    const { message, rule, hint } = toErrorData(error)
    await app.whenReady()
    const options: MessageBoxOptions = { type: 'error', message, detail: [rule, hint].filter(Boolean).join('\n') }
    await (window && !window.isDestroyed() ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options))
  }
}

/** Electron's own answer to these is a dialog with a stack. One dialog at a time: such faults seldom come alone. */
export function setupFaults(showFault: ShowFault, log: Log): void {
  let isShown = false
  const tell = (error: unknown) => {
    if (isShown) return log(stackOf(error))
    isShown = true
    showFault(error).finally(() => {
      isShown = false
    })
  }
  process.on('uncaughtException', tell)
  process.on('unhandledRejection', tell)
}

const stackOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error))
