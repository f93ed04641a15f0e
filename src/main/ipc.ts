/**
 * Every message that a window may send to this process: four, each checked for its sender and its arguments. All else of
 * the product goes over the port that `connect` hands out, under the contract.
 */
import { basename } from 'node:path'
import { type IpcMainEvent, type IpcMainInvokeEvent, ipcMain, MessageChannelMain } from 'electron'
import { z } from 'zod'
import { channels, chooserKinds, type GrantedFile, themes } from '../shared/bridge.ts'
import type { Dialogs } from './dialogs.ts'
import type { Grants } from './grants.ts'
import { portOf } from './port.ts'
import type { SettingsStore } from './settings.ts'
import { type Home, isTrustedFrame } from './trust.ts'
import type { Windows } from './windows.ts'

export interface IpcParts {
  readonly home: Home
  readonly windows: Windows
  readonly grants: Grants
  readonly dialogs: Pick<Dialogs, 'chooseSource'>
  readonly settings: SettingsStore
}

const pathSchema = z.string().min(1).max(32_767)
const chooserSchema = z.enum(chooserKinds)
const themeSchema = z.enum(themes)

export function setupIpc({ home, windows, grants, dialogs, settings }: IpcParts): void {
  /** Where a message came from, if it may be answered. `senderFrame` is read at once: after a navigation it is null. */
  function senderOf(event: IpcMainEvent | IpcMainInvokeEvent) {
    const frame = event.senderFrame
    const sender = windows.find(event.sender)
    return frame && sender && isTrustedFrame(frame, home) ? { frame, ...sender } : null
  }

  /** Refuses by throwing: the asking side gets a rejected promise. */
  function demandSender(event: IpcMainInvokeEvent) {
    const sender = senderOf(event)
    if (!sender) throw new Error('This page may not ask that.')
    return sender
  }

  ipcMain.on(channels.connect, event => {
    const sender = senderOf(event)
    if (!sender) return
    const { port1, port2 } = new MessageChannelMain()
    sender.project.serve(portOf(port1))
    sender.frame.postMessage(channels.port, null, [port2])
  })

  ipcMain.handle(channels.grant, (event, path: unknown): string | null => {
    demandSender(event)
    return grants.grant(pathSchema.parse(path))
  })

  ipcMain.handle(channels.choose, async (event, kind: unknown): Promise<GrantedFile | null> => {
    const { window } = demandSender(event)
    const path = await dialogs.chooseSource(chooserSchema.parse(kind), window)
    const grant = path === null ? null : grants.grant(path)
    return path === null || grant === null ? null : { grant, name: basename(path) }
  })

  ipcMain.on(channels.theme, (event, theme: unknown) => {
    const parsed = themeSchema.safeParse(theme)
    if (!senderOf(event) || !parsed.success || parsed.data === settings.get().theme) return
    settings.update({ theme: parsed.data })
  })
}
