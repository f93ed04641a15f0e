/**
 * What the desktop remembers between starts: one small JSON file in the user's folder. The single-instance lock makes us
 * its only writer.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { chooserKinds, themes } from '../shared/bridge.ts'

/** Each purpose of a dialog starts where it last was; since Electron 43 the system no longer remembers that. */
export const dialogPurposes = [...chooserKinds, 'project', 'save'] as const
export type DialogPurpose = (typeof dialogPurposes)[number]

/** A value that does not fit, from an older or newer version, falls back to its default; the others stay. */
const settingsSchema = z.object({
  theme: z.enum(themes).catch('system'),
  recentProjects: z.array(z.string()).catch([]),
  lastFolders: z.partialRecord(z.enum(dialogPurposes), z.string()).catch({}),
})
export type Settings = Readonly<z.output<typeof settingsSchema>>

export interface SettingsStore {
  get(): Settings
  /** Writes at once. What cannot be written still holds until the application ends. */
  update(change: Partial<Settings>): void
  onChange(listener: (settings: Settings) => void): void
}

export function openSettings(path: string, onFault: (error: unknown) => void): SettingsStore {
  let settings = read(path, onFault)
  const listeners = new Set<(settings: Settings) => void>()
  return {
    get: () => settings,
    update(change) {
      settings = { ...settings, ...change }
      try {
        write(path, settings)
      } catch (error) {
        onFault(error)
      }
      for (const listener of listeners) listener(settings)
    },
    onChange: listener => listeners.add(listener),
  }
}

function read(path: string, onFault: (error: unknown) => void): Settings {
  try {
    return settingsSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    const isFirstStart = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (!isFirstStart) onFault(error)
    return settingsSchema.parse({})
  }
}

/** Beside it and renamed over it: a crash leaves the old file or the new one, never half of one. */
function write(path: string, settings: Settings): void {
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}.tmp`
  writeFileSync(draft, `${JSON.stringify(settings, null, 2)}\n`, { flush: true })
  renameSync(draft, path)
}
