import { describe, expect, it } from 'vitest'
import { type Activity, activeRuns, activityShare, idle, nextActivity, runShare } from '../../src/main/activity.ts'
import { taskBarState } from '../../src/main/task-bar-state.ts'
import type { StudioEvent } from '../../src/shared/contract.ts'
import { changed, progress, run } from './samples.ts'

const numbers = (activity: Activity) => activeRuns(activity).map(({ number }) => number)

const ours = () => true
const busy = (...runs: ReturnType<typeof run>[]) => follow(idle, runs.map(changed)).activity

function follow(activity: Activity, events: StudioEvent[], isOurs: (id: string) => boolean = ours) {
  const ended: number[] = []
  for (const event of events) {
    const next = nextActivity(activity, event, isOurs)
    activity = next.activity
    if (next.ended) ended.push(next.ended.number)
  }
  return { activity, ended }
}

describe('activity', () => {
  it('is of our own runs: those of a terminal in the same project go on without us', () => {
    const events = [changed(run(1, 'queued')), changed(run(2, 'running')), changed(run(2, 'finished'))]
    const { activity, ended } = follow(idle, events, id => id === 'run-1')
    expect(numbers(activity)).toEqual([1])
    expect(ended).toEqual([])
  })

  it('follows runs from start to end and tells each end once', () => {
    const { activity, ended } = follow(idle, [
      changed(run(1, 'queued')),
      changed(run(2, 'queued')),
      changed(run(1, 'running')),
      changed(run(1, 'finished')),
      changed(run(1, 'finished')),
    ])
    expect(numbers(activity)).toEqual([2])
    expect(ended).toEqual([1])
    const after = follow(activity, [changed(run(2, 'failed'))])
    expect(after.ended).toEqual([2])
    expect(after.activity).toBe(idle)
  })

  it('tells no end of a run that was over before, nor of one that was removed', () => {
    expect(follow(idle, [changed(run(1, 'interrupted'))])).toEqual({ activity: idle, ended: [] })
    expect(follow(busy(run(1, 'queued')), [{ type: 'run.removed', id: 'run-1' }])).toEqual({
      activity: idle,
      ended: [],
    })
  })

  it('does not change for what it does not follow', () => {
    const before = busy(run(1, 'running'))
    const others: StudioEvent[] = [
      { type: 'library.changed' },
      { type: 'run.removed', id: 'run-9' },
      { type: 'run.progress', progress: progress(9, 0, 1, 2) },
    ]
    expect(follow(before, others).activity).toBe(before)
  })
})

describe('the done share', () => {
  it('of a run counts its stages alike', () => {
    const half = run(1, 'running', ['finished', 'running', 'waiting', 'waiting'])
    expect(runShare(half, undefined)).toBe(0.25)
    expect(runShare(half, progress(1, 1, 50, 100))).toBe(0.375)
    // While data is read there is no stage; a total of 0 is unknown; a stage that is over counts as such.
    expect(runShare(half, progress(1, null, 50, 100))).toBe(0.25)
    expect(runShare(half, progress(1, 1, 50, 0))).toBe(0.25)
    expect(runShare(half, progress(1, 0, 100, 100))).toBe(0.25)
    expect(runShare(half, progress(1, 1, 300, 100))).toBe(0.5)
    expect(runShare(run(1, 'stopped', ['finished', 'stopped']), undefined)).toBe(1)
    expect(runShare(run(1, 'queued'), undefined)).toBe(0)
  })

  it('of everything counts the runs that ended since the project was idle', () => {
    expect(activityShare(idle)).toBeNull()
    const { activity } = follow(idle, [
      changed(run(1, 'running', ['running'])),
      changed(run(2, 'queued', ['waiting'])),
      changed(run(1, 'finished', ['finished'])),
    ])
    expect(activityShare(activity)).toBe(0.5)
    const { activity: later } = follow(activity, [
      changed(run(2, 'running', ['running'])),
      { type: 'run.progress', progress: progress(2, 0, 1, 4) },
    ])
    expect(activityShare(later)).toBe(0.625)
  })

  it('never goes back while events come in their order', () => {
    const events: StudioEvent[] = [changed(run(1, 'queued', ['waiting', 'waiting']))]
    events.push(changed(run(1, 'running', ['running', 'waiting'])))
    for (let done = 0; done <= 4; done++) events.push({ type: 'run.progress', progress: progress(1, 0, done, 4) })
    events.push(changed(run(1, 'running', ['finished', 'waiting'])))
    events.push(changed(run(1, 'running', ['finished', 'running'])))
    for (let done = 0; done <= 4; done++) events.push({ type: 'run.progress', progress: progress(1, 1, done, 4) })
    let activity = idle
    let before = 0
    for (const event of events) {
      activity = nextActivity(activity, event, ours).activity
      const share = activityShare(activity) ?? Number.NaN
      expect(share).toBeGreaterThanOrEqual(before)
      before = share
    }
    expect(before).toBe(1)
  })
})

describe('the task bar', () => {
  it('shows whole percents, and nothing when idle', () => {
    expect(taskBarState(idle, 'linux')).toEqual({ value: -1, mode: 'none' })
    const third = follow(busy(run(1, 'running', ['running'])), [
      { type: 'run.progress', progress: progress(1, 0, 1, 3) },
    ]).activity
    expect(taskBarState(third, 'linux')).toEqual({ value: 0.33, mode: 'normal' })
  })

  it('has a bar without a measure on Windows only', () => {
    const beginning = busy(run(1, 'running', ['running']))
    expect(taskBarState(beginning, 'win32')).toEqual({ value: 2, mode: 'indeterminate' })
    expect(taskBarState(beginning, 'darwin')).toEqual({ value: 0, mode: 'normal' })
  })
})
