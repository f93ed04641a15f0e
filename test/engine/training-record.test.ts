import { describe, expect, it } from 'vitest'
import type { FromEngine } from '../../src/engine/protocol.ts'
import { createRecord } from '../../src/engine/training/record.ts'
import type { FederationReport } from '../../src/shared/federation-report.ts'

describe('the record of a stage', () => {
  function watched() {
    let now = 0
    const told: FromEngine[] = []
    const record = createRecord(
      3,
      message => told.push(message),
      () => now,
    )
    return { record, told, wait: (ms: number) => (now += ms) }
  }
  const stepsOf = (told: readonly FromEngine[]) =>
    told.flatMap(message => (message.type === 'metrics' ? message.points.map(({ step }) => step) : []))

  it('tells at most ten times a second and leaves no point out', () => {
    const { record, told, wait } = watched()
    for (let step = 1; step <= 1000; step++) {
      record.points(step, { loss: 1 / step })
      wait(1)
    }
    record.flush()
    record.flush()
    expect(told).toHaveLength(11)
    expect(stepsOf(told)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1))
    expect(told[0]).toEqual({ type: 'metrics', stage: 3, points: [{ name: 'loss', step: 1, value: 1 }] })
  })

  it('keeps a step of which something was recorded late', () => {
    const { record, wait } = watched()
    record.points(6, { loss: 1 })
    record.points(7, { loss: 2 })
    wait(60_000)
    record.points(7, { valTop1: 0.5 })
    expect(record.tail()).toMatchObject({ after: 6, points: [{ name: 'loss' }, { name: 'valTop1' }] })
  })

  it('keeps the last step as long as something may be recorded of it', () => {
    const { record, wait } = watched()
    record.points(6, { loss: 1 })
    record.points(7, { loss: 2 })
    wait(60_000)
    // A state that is saved now does not call step 7 done: a round that is told a moment later belongs to it.
    expect(record.tail()).toMatchObject({ after: 6, points: [{ step: 7 }] })
    record.points(8, { loss: 3 })
    expect(record.tail()).toMatchObject({ after: 7, points: [{ step: 8 }] })
  })

  it('keeps the last five seconds, whole steps, to be told again', () => {
    const { record, wait } = watched()
    const layers = [{ name: 'conv1', weights: 8, zeros: 4 }]
    const spread = { low: 0, high: 0, counts: [4] }
    const norms = [{ name: 'bn1', features: 4, disabled: 4, gamma: spread, beta: spread }]
    const report: FederationReport = { kind: 'begins', clients: [], layers: ['conv1'] }
    for (let step = 1; step <= 20; step++) {
      if (step === 9 || step === 18) record.federation(step, report)
      if (step === 10 || step === 16) record.layers(step, layers)
      if (step === 10 || step === 17) record.norms(step, norms)
      record.points(step, { loss: step, sparsity: 0.5 })
      wait(1000)
    }
    record.flush()
    const tail = record.tail()
    // The clock stands at 20 s, step n was at n - 1 s.
    expect(tail.after).toBe(15)
    expect(tail.points.map(({ step }) => step)).toEqual([16, 16, 17, 17, 18, 18, 19, 19, 20, 20])
    expect(tail.layers).toEqual([{ step: 16, layers }])
    expect(tail.norms).toEqual([{ step: 17, layers: norms }])
    expect(tail.federation).toEqual([{ step: 18, report }])
    expect(record.lastStep()).toBe(20)

    const other = watched()
    other.record.replay(tail)
    expect(other.told).toEqual([
      { type: 'metrics', stage: 3, points: tail.points },
      { type: 'layers', stage: 3, step: 16, layers },
      { type: 'norms', stage: 3, step: 17, layers: norms },
      { type: 'federation', stage: 3, step: 18, report },
    ])
    // The process may die again before the studio has written them.
    expect(other.record.tail()).toEqual(tail)
    expect(other.record.lastStep()).toBe(20)
    other.wait(6000)
    expect(other.record.tail()).toEqual({
      ...{ after: 19, points: tail.points.slice(-2), layers: [], norms: [], federation: [] },
    })
  })
})
