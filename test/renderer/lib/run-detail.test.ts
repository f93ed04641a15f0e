import { describe, expect, it } from 'vitest'
import { keptAs } from '../../../src/renderer/src/lib/probes.ts'
import {
  elapsed,
  isScoreCurrent,
  outcomeOf,
  shareDone,
  sparsityHistory,
  withEvent,
} from '../../../src/renderer/src/lib/run-detail.ts'
import { rowOf, runsCsv } from '../../../src/renderer/src/lib/run-rows.ts'
import type { StudioEvent } from '../../../src/shared/contract.ts'
import { listedRun } from '../../../src/shared/listed-run.ts'
import { probeName } from '../../../src/shared/probe-name.ts'
import { StudioDouble } from '../double/studio.ts'

const recipe = {
  name: 'Global magnitude 70 %',
  model: { checkpoint: 'net.th' },
  data: { path: 'cifar' },
  stages: [{ use: 'evaluate' }, { use: 'prune', sparsity: 0.7 }, { use: 'evaluate' }],
}
const federate = { use: 'federate', clients: 2, rounds: 2 }

async function finishedRun(stages: object[] = recipe.stages) {
  const studio = new StudioDouble({ stepMs: 1 })
  const context = { signal: new AbortController().signal }
  const events: StudioEvent[] = []
  studio.onEvent(event => events.push(structuredClone(event)))
  const { runs } = await studio.handlers['run.start']({ document: { ...recipe, stages } }, context)
  const id = runs[0]?.id ?? ''
  const before = await studio.handlers['run.get']({ id }, context)
  events.length = 0
  while (studio.details.get(id)?.run.state !== 'finished') await new Promise(resolve => setTimeout(resolve, 1))
  return { before, events, after: await studio.handlers['run.get']({ id }, context) }
}

describe('a run that is watched', () => {
  it('shows after its events what a fresh question would show', async () => {
    const { before, events, after } = await finishedRun()
    const watched = events.filter(e => e.type !== 'run.changed' || e.run.id === after.run.id)
    const seen = watched.reduce(withEvent, before)
    // The device is told with the next answer, not by an event.
    expect({ ...seen, device: after.device }).toEqual(after)
  })

  it('shows the rounds of a federation as they come, until its stage has a result', async () => {
    const { before, events, after } = await finishedRun([federate])
    const seen = [before]
    for (const event of events) seen.push(withEvent(seen.at(-1)!, event))
    const rounds = seen.map(({ federations }) => federations[0]?.rounds.length)
    expect(rounds.filter((count, i) => count !== rounds[i - 1])).toEqual([0, 1, 2, undefined])
    expect({ ...seen.at(-1)!, device: after.device }).toEqual(after)
  })

  it('is not touched by events of another run', async () => {
    const { before, events } = await finishedRun()
    const other = { ...before, run: { ...before.run, id: 'other' } }
    expect(events.reduce(withEvent, other)).toBe(other)
  })

  it('is summed up by its evaluates and its last count of zeros', async () => {
    const { after } = await finishedRun()
    const run = listedRun(after.run)
    const { first, last, sparsity } = outcomeOf(run)
    expect(first?.correct).toBe(915)
    const { zeros, weights } = run.stages.at(-1)?.counts ?? { zeros: 0, weights: 1 }
    expect(zeros).toBeGreaterThan(0)
    expect(sparsity).toBe(zeros / weights)
    const row = rowOf(run, Date.now())
    expect(row.change).toBe((last?.top1 ?? 0) - (first?.top1 ?? 0))
    expect(runsCsv([row]).split('\r\n')[1]).toContain('1,Global magnitude 70 %,0,finished')
  })

  it('has a score only until a stage begins that changes the model', async () => {
    const { before, after } = await finishedRun()
    expect(isScoreCurrent(listedRun(before.run))).toBe(false)
    expect(isScoreCurrent(listedRun(after.run))).toBe(true)
    const upTo = (count: number, next: 'running' | 'waiting') =>
      listedRun({
        ...after.run,
        stages: after.run.stages.map(stage =>
          stage.index < count ? stage : { ...stage, state: stage.index === count ? next : 'waiting', outcome: null },
        ),
      })
    expect(isScoreCurrent(upTo(1, 'waiting'))).toBe(true)
    expect(isScoreCurrent(upTo(1, 'running'))).toBe(false)
    expect(isScoreCurrent(upTo(2, 'running'))).toBe(false)
  })

  it('took no time of its own where all of it was done by other runs', () => {
    const run = (...cached: boolean[]) => ({
      startedAt: 1000,
      endedAt: 3500,
      stages: cached.map(each => ({ cached: each })),
    })
    expect(elapsed(run(true, false), 0)).toBe(2.5)
    expect(elapsed(run(true, true), 0)).toBe(null)
  })

  it('finds what keeps a sparsity that it tried: its own, or what another search had kept with the same score', async () => {
    const { after } = await finishedRun([
      { use: 'prune', sparsity: 0.5 },
      { use: 'evaluate', split: 'validation' },
    ])
    const { seed, name } = after.run
    const whole = listedRun(after.run)
    const correct = outcomeOf(whole).last?.correct ?? null
    const zeros = whole.stages.at(-1)!.counts!.zeros
    const kept = (id: string, triedBy: string | null) =>
      listedRun({ ...after.run, id, triedBy, name: probeName(name, 0.5) })
    const found = (runs: Parameters<typeof keptAs>[3], probe = {}, stage = 0) =>
      keptAs({ id: 'search', name, seed }, stage, { sparsity: 0.5, zeros, correct, ...probe }, runs)?.id
    const [own, others, left] = [kept('own', 'search'), kept('others', 'another'), kept('left', null)]
    expect(found([others, own])).toBe('own')
    expect(found([others])).toBe('others')
    expect(found([left])).toBe('left')
    expect(found([others], { correct: correct! - 1 })).toBe(undefined)
    expect(found([others], { correct: null })).toBe(undefined)
    expect(found([others], { zeros: zeros - 1 })).toBe(undefined)
    expect(found([own], {}, 1)).toBe(undefined)
    expect(found([{ ...others, seed: seed + 1 }])).toBe(undefined)
    expect(found([{ ...own, name: probeName(name, 0.25) }])).toBe(undefined)
  })

  it('says how much of it is done', async () => {
    const { before, after } = await finishedRun()
    expect(shareDone(listedRun(before.run), 0, 500, 1000)).toBeCloseTo(1 / 6)
    expect(shareDone(listedRun(after.run), null, 0, 0)).toBe(1)
  })

  it('shows the moments at which zeros changed, in order', () => {
    const at = (stage: number, step: number, zeros: number) => ({
      stage,
      step,
      layers: [{ name: 'conv1', weights: 10, zeros }],
    })
    const history = sparsityHistory([at(2, 0, 7), at(0, 0, 0), at(1, 0, 7), at(3, 0, 9)])
    expect(history.map(s => [s.stage, s.layers[0]?.zeros])).toEqual([
      [0, 0],
      [1, 7],
      [3, 9],
    ])
  })
})
