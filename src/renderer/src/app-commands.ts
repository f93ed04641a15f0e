/** The commands that are there in every view. */
import type { Command } from './commands.ts'
import { newRecipe } from './new-recipe.ts'
import { notifyError } from './notices.ts'
import { isPaletteOpen, isSheetOpen } from './overlays.ts'
import { go, to } from './router.ts'
import { useRuns } from './stores/runs.ts'
import { themeChoice } from './theme.ts'

export function appCommands(): Command[] {
  const runs = useRuns()
  const open = (target: () => string) => () => go(target())
  return [
    { id: 'go.library', title: 'Library', group: 'Go to', keys: 'G L', run: open(to.library) },
    { id: 'go.recipes', title: 'Recipes', group: 'Go to', keys: 'G E', run: open(to.recipes) },
    { id: 'go.runs', title: 'Runs', group: 'Go to', keys: 'G R', run: open(to.runs) },
    { id: 'go.curves', title: 'Rate-distortion curves', group: 'Go to', keys: 'G V', run: open(to.curves) },
    { id: 'go.compare', title: 'Compare', group: 'Go to', keys: 'G C', run: () => go(to.compare(runs.chosen)) },
    {
      id: 'go.doctor',
      title: 'Doctor: what the engine needs and has',
      group: 'Go to',
      keys: 'G D',
      run: open(to.doctor),
    },
    { id: 'recipe.new', title: 'New recipe', group: 'Do', keys: 'N', run: () => newRecipe().catch(notifyError) },
    {
      id: 'run.stop-all',
      title: 'Stop all running and waiting runs',
      group: 'Do',
      isEnabled: () => runs.active.length + runs.waiting > 0,
      run: () => {
        // The waiting ones first, or they would start when the running ones stop.
        const queued = runs.list.filter(run => run.state === 'queued')
        for (const run of [...queued, ...runs.active]) runs.stop(run.id).catch(notifyError)
      },
    },
    {
      id: 'view.palette',
      title: 'Search and run commands',
      group: 'View',
      keys: 'Mod+K',
      run: () => toggle(isPaletteOpen),
    },
    { id: 'view.shortcuts', title: 'Keyboard shortcuts', group: 'View', keys: '?', run: () => toggle(isSheetOpen) },
    { id: 'view.theme.light', title: 'Light theme', group: 'View', run: () => setTheme('light') },
    { id: 'view.theme.dark', title: 'Dark theme', group: 'View', run: () => setTheme('dark') },
    { id: 'view.theme.system', title: 'Theme of the system', group: 'View', run: () => setTheme('system') },
  ]
}

const toggle = (flag: { value: boolean }) => {
  flag.value = !flag.value
}

const setTheme = (choice: typeof themeChoice.value) => {
  themeChoice.value = choice
}
