/** Light, dark or as the system: title bars, menus and dialogs follow, and so does the page's `prefers-color-scheme`. */
import { nativeTheme } from 'electron'
import type { SettingsStore } from './settings.ts'

export function setupTheme(settings: SettingsStore): void {
  nativeTheme.themeSource = settings.get().theme
  settings.onChange(({ theme }) => {
    if (nativeTheme.themeSource !== theme) nativeTheme.themeSource = theme
  })
}
