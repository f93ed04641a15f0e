/** One line that is drawn over while a person watches; in a pipe or a log, lines that stay. */
import type { RunProgress } from '../shared/domain.ts'
import { count, printable, seconds } from './format.ts'
import type { Terminal } from './terminal.ts'

export interface ProgressLine {
  /** Shown until the next one; nothing in a pipe. */
  draw(text: string): void
  /** Takes the drawn line away, before anything else is written. */
  clear(): void
  /** A line that stays. */
  say(text: string): void
}

export function createProgressLine(terminal: Terminal): ProgressLine {
  let isDrawn = false
  const clear = () => {
    if (isDrawn) terminal.err('\r\x1b[2K')
    isDrawn = false
  }
  return {
    draw(text) {
      if (!terminal.isWatched) return
      clear()
      terminal.err(printable(text).slice(0, terminal.columns - 1))
      isDrawn = true
    },
    clear,
    say(text) {
      clear()
      terminal.err(`${printable(text)}\n`)
    },
  }
}

const width = 24

export function progressText({
  step,
  done,
  total,
  unit,
  rate,
  secondsLeft,
  round,
}: Omit<RunProgress, 'runId'>): string {
  if (total <= 0) return `${step} ...`
  const share = Math.min(1, done / total)
  const filled = Math.round(share * width)
  const amount = unit ? `${count(done)}/${count(total)} ${unit}` : ''
  const speed = rate === undefined ? '' : `${count(Math.round(rate))} ${unit}/s`
  const left = secondsLeft === undefined ? '' : `${seconds(secondsLeft)} left`
  const bar = `${'#'.repeat(filled)}${'-'.repeat(width - filled)}`
  // A narrow terminal cuts the end off: first what people wait for.
  return [step, roundText(round), bar, `${Math.floor(100 * share)} %`, left, amount, speed].filter(Boolean).join('  ')
}

const roundText = (at: RunProgress['round']): string =>
  at
    ? `${at.isTwin ? 'twin, ' : ''}round ${at.round}/${at.rounds}, ${at.client === null ? 'server' : `client ${at.client}`}`
    : ''
