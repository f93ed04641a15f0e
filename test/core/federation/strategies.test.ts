import { describe, expect, it } from 'vitest'
import { combine, combineModels } from '../../../src/core/federation/aggregate.ts'
import { correction, nextServerVariates, nextVariates } from '../../../src/core/federation/control-variates.ts'
import { clientScale, dropsOut, participants, stepsInTime } from '../../../src/core/federation/participation.ts'
import { reachOf } from '../../../src/core/federation/reach.ts'
import { strategies } from '../../../src/core/federation/strategies.ts'
import type { LocalWork } from '../../../src/core/federation/strategy.ts'
import { createRandom } from '../../../src/core/random.ts'

const f32 = (...values: number[]) => Float32Array.from(values)
const work = (samples: number, steps: number, reach: number): LocalWork => ({ samples, steps, reach })

describe('strategies', () => {
  const uneven = [work(10, 2, 0.2), work(30, 8, 0.8)]

  it('FedAvg and FedProx average by samples: 1/4 x (1, 2) + 3/4 x (5, -2) = (4, -1)', () => {
    for (const { coefficients } of [strategies.fedavg, strategies.fedprox]) {
      expect(coefficients(uneven)).toEqual([0.25, 0.75])
      expect(combine(f32(9, 9), [f32(1, 2), f32(5, -2)], coefficients(uneven))).toEqual(f32(4, -1))
    }
  })

  it('FedNova: the one with fewer steps counts for more', () => {
    // tau_eff = 1/4 x 2 + 3/4 x 8 = 6.5 steps; d = (w - w_i) / steps; w - 6.5 (d_1 / 4 + 3 d_2 / 4).
    const [d1, d2] = [(9 - 1) / 2, (9 - 5) / 8]
    const expected = 9 - 6.5 * (d1 / 4 + (3 * d2) / 4)
    const coefficients = strategies.fednova.coefficients(uneven)
    expect(combine(f32(9), [f32(1), f32(5)], coefficients)[0]).toBeCloseTo(expected, 6)
    // With equal reach it is FedAvg.
    const equal = [work(10, 4, 0.5), work(30, 4, 0.5)]
    expect(strategies.fednova.coefficients(equal)).toEqual([0.25, 0.75])
  })

  it('of one client, every federated strategy gives that client', () => {
    const random = createRandom(2)
    const [base, own] = [0, 1].map(() => Float32Array.from({ length: 5000 }, () => random.normal()))
    for (const id of ['fedavg', 'fedprox', 'fednova', 'scaffold'] as const)
      expect(combine(base!, [own!], strategies[id].coefficients([work(7, 3, 0.3)]))).toEqual(own)
  })

  it('local only changes nothing on the server; centralised is what the one holder trained', () => {
    expect(combine(f32(3), [f32(1), f32(2)], strategies.local.coefficients(uneven))).toEqual(f32(3))
    expect(combine(f32(3), [f32(1)], strategies.centralised.coefficients([work(40, 1, 1)]))).toEqual(f32(1))
    expect([strategies.local.beginsWith, strategies.centralised.pooled]).toEqual(['own', true])
  })

  it('only FedProx pulls, by mu, and only SCAFFOLD corrects', () => {
    expect(strategies.fedprox.terms({ mu: 0.3 })).toEqual({ proximal: 0.3, variates: false })
    expect(strategies.scaffold.terms({})).toEqual({ proximal: 0, variates: true })
    expect(strategies.fedavg.terms({})).toEqual({ proximal: 0, variates: false })
  })
})

describe('combine', () => {
  it('is the plain sum in double precision, whatever the length', () => {
    const random = createRandom(3)
    for (const length of [1, 4095, 4096, 4097, 10_000]) {
      const draw = () => Float32Array.from({ length }, () => random.normal())
      const [base, a, b, c] = [draw(), draw(), draw(), draw()]
      const [x, y, z] = [0.5, -0.25, 1.5]
      const found = combine(base, [a, b, c], [x, y, z])
      for (let i = 0; i < length; i += 97)
        expect(found[i]).toBe(Math.fround((1 - (x + y + z)) * base[i]! + x * a[i]! + y * b[i]! + z * c[i]!))
    }
  })

  it('goes over every tensor and leaves its inputs alone', () => {
    const base = new Map([
      ['a', f32(0, 0)],
      ['b', f32(4)],
    ])
    const one = new Map([
      ['a', f32(2, 4)],
      ['b', f32(8)],
    ])
    expect(combineModels(base, [one, base], [0.5, 0.5])).toEqual(
      new Map([
        ['a', f32(1, 2)],
        ['b', f32(6)],
      ]),
    )
    expect(base.get('a')).toEqual(f32(0, 0))
  })
})

describe('reachOf', () => {
  it('is rate x the |a| of FedNova', () => {
    for (const momentum of [0, 0.5, 0.9])
      for (const steps of [1, 2, 7, 40]) {
        const a = (steps - (momentum * (1 - momentum ** steps)) / (1 - momentum)) / (1 - momentum)
        const rates = Array<number>(steps).fill(0.1)
        expect(reachOf(rates, { momentum, nesterov: false })).toBeCloseTo(0.1 * a, 10)
      }
  })

  it('by hand: momentum .5, rates 1, .1: 1 x 1 + .1 x 1.5; with Nesterov 1 x 1.5 + .1 x 1.75', () => {
    expect(reachOf([1, 0.1], { momentum: 0.5, nesterov: false })).toBeCloseTo(1.15, 12)
    expect(reachOf([1, 0.1], { momentum: 0.5, nesterov: true })).toBeCloseTo(1.675, 12)
    expect(reachOf([], { momentum: 0.5, nesterov: true })).toBe(0)
  })
})

describe('control variates', () => {
  it('by hand: c_i - c + (w - w_i) / reach, and c by the mean over all clients', () => {
    const server = new Map([['w', f32(0.5, -1)]])
    const client = new Map([['w', f32(0.25, 0)]])
    expect(correction(server.get('w')!, client.get('w'))).toEqual(f32(0.25, -1))
    expect(correction(server.get('w')!, undefined)).toEqual(f32(0.5, -1))
    const moved = { began: new Map([['w', f32(1, 1)]]), ended: new Map([['w', f32(0, 1.5)]]), reach: 0.5 }
    // .25 - .5 + 1 / .5; 0 + 1 - .5 / .5
    expect(nextVariates({ server, client }, moved)).toEqual(new Map([['w', f32(1.75, 0)]]))
    expect(nextVariates({ server, client: new Map() }, moved)).toEqual(new Map([['w', f32(1.5, 0)]]))
    const changes = [new Map([['w', f32(1, 2)]]), new Map([['w', f32(3, 0)]])]
    expect(nextServerVariates(server, changes, 4)).toEqual(new Map([['w', f32(1.5, -0.5)]]))
  })

  it('find the gradient again, whatever the momentum: where it is constant, c_i becomes it', () => {
    for (const momentum of [0, 0.9]) {
      const [gradient, c, own] = [0.7, 0.2, -0.4]
      const rates = [0.1, 0.1, 0.05, 0.05]
      let [w, velocity] = [3, 0]
      for (const rate of rates) {
        velocity = momentum * velocity + gradient + c - own
        w -= rate * velocity
      }
      const moved = {
        began: new Map([['w', f32(3)]]),
        ended: new Map([['w', f32(w)]]),
        reach: reachOf(rates, { momentum, nesterov: false }),
      }
      const before = { server: new Map([['w', f32(c)]]), client: new Map([['w', f32(own)]]) }
      expect(nextVariates(before, moved).get('w')![0]).toBeCloseTo(gradient, 5)
    }
  })
})

describe('participation', () => {
  it('chooses the share, ascending, each as likely, the same again', () => {
    const counts = new Int32Array(10)
    for (let round = 0; round < 1000; round++) {
      const chosen = participants(10, 0.3, 1, round)
      expect(chosen).toHaveLength(3)
      expect(chosen).toEqual(chosen.toSorted((a, b) => a - b))
      expect(participants(10, 0.3, 1, round)).toEqual(chosen)
      for (const client of chosen) counts[client]!++
    }
    for (const count of counts) expect(Math.abs(count - 300)).toBeLessThan(60)
    expect(participants(10, 1, 1, 5)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(participants(10, 0.01, 1, 5)).toHaveLength(1)
  })

  it('drops as often as it says', () => {
    const dropped = Array.from({ length: 2000 }, (_, i) => dropsOut(0.2, 1, i >> 3, i & 7)).filter(Boolean).length
    expect(Math.abs(dropped - 400)).toBeLessThan(70)
    expect(dropsOut(0, 1, 0, 0)).toBe(false)
  })

  it('speeds are spaced evenly, and a deadline cuts the steps of the slow', () => {
    const speeds = clientScale(5, 0.2, 1, 7)
    expect(speeds.toSorted((a, b) => a - b).map(speed => Number(speed.toFixed(9)))).toEqual([0.2, 0.4, 0.6, 0.8, 1])
    expect(clientScale(1, 0.2, 1, 7)).toEqual([1])
    // Who is slowest keeps least.
    const keeps = clientScale(5, 0.1, 0.3, 7)
    expect(keeps.map(keep => Number((4 * (keep - 0.1) + 0.2).toFixed(9)))).toEqual(
      speeds.map(speed => Number(speed.toFixed(9))),
    )
    expect([1, 0.5, 0.1, 0.05].map(speed => stepsInTime(8, speed, 10))).toEqual([8, 5, 1, 0])
    expect(stepsInTime(8, 0.1, undefined)).toBe(8)
    // .29 x 100 is 28.999999999999996 in binary.
    expect(stepsInTime(100, 0.29, 100)).toBe(29)
  })
})
