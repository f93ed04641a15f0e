/** Light, dark, or what the system says. A view preference: the only kind of thing kept in localStorage. */
import { computed, ref, watchEffect } from 'vue'
import { type Theme, themes } from '../../shared/bridge.ts'
import { preference } from './lib/preference.ts'

export const themeChoice = preference<Theme>('theme', 'system', themes)

const darkSystem = window.matchMedia('(prefers-color-scheme: dark)')
const systemIsDark = ref(darkSystem.matches)
darkSystem.addEventListener('change', event => {
  systemIsDark.value = event.matches
})

export const theme = computed<'light' | 'dark'>(() => {
  if (themeChoice.value !== 'system') return themeChoice.value
  return systemIsDark.value ? 'dark' : 'light'
})

watchEffect(() => {
  document.documentElement.dataset['theme'] = theme.value
})
// On the desktop the title bar, the menus and the dialogs follow.
watchEffect(() => window.espalier?.setTheme(themeChoice.value))

// The desktop's title bar, menus and dialogs follow.
watchEffect(() => window.espalier?.setTheme(themeChoice.value))

const lessMotion = window.matchMedia('(prefers-reduced-motion: reduce)')
export const reducedMotion = ref(lessMotion.matches)
lessMotion.addEventListener('change', event => {
  reducedMotion.value = event.matches
})
