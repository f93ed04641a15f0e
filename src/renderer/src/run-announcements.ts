/** Tells a screen reader, and whoever looks at another view, when a run ends. */
import { listedRun } from '../../shared/listed-run.ts'
import { otherSplit } from '../../shared/scoring.ts'
import { onEvent } from './connection.ts'
import { percent, shareDigits } from './lib/format.ts'
import { isScoreCurrent, outcomeOf } from './lib/run-detail.ts'
import { announce, notify } from './notices.ts'
import { go, route, to } from './router.ts'
import { useRuns } from './stores/runs.ts'

const words = {
  finished: 'finished',
  paused: 'is paused',
  stopped: 'was stopped',
  failed: 'failed',
  interrupted: 'was interrupted: the studio that worked it was gone',
} as const

export function useRunAnnouncements(): void {
  const runs = useRuns()
  const over = new Set<string>()

  onEvent(event => {
    if (event.type !== 'run.changed') return
    const run = listedRun(event.run)
    if (run.state === 'queued' || run.state === 'running') {
      over.delete(run.id)
      if (run.state === 'running') announce(`Run ${run.number} is running.`)
      return
    }
    // A search that is under way keeps what it tries.
    if (over.has(run.id) || runs.searchOf(run)) return
    over.add(run.id)
    const { last } = outcomeOf(run)
    const result =
      last && run.state === 'finished' && isScoreCurrent(run)
        ? `, ${[percent(last.top1, shareDigits(last.total)), otherSplit(last.split), 'accuracy'].filter(Boolean).join(' ')}`
        : ''
    const text = `Run ${run.number} ${words[run.state]}${result}.`
    announce(text)
    const isShown = ['run', 'runs', 'compare'].includes(route.value.view) || runs.active.length + runs.waiting > 0
    if (!isShown) notify(text, { label: 'Open', run: () => go(to.run(run.id)) })
  })
}
