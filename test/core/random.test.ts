import { describe, expect, it } from 'vitest'
import { createRandom, deriveSeed, restoreRandom } from '../../src/core/random.ts'

describe('random', () => {
  // The first state: computed from the published recurrence in Python. The second: what the authors' C program gives.
  it.each([
    [
      [1, 2, 3, 4],
      [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804],
    ],
    [
      [0x964d4a0c, 0xd40ab895, 0xad7fdecb, 0x3006f0f0],
      [0xf1391922, 0x6fe53806, 0xa5be2840, 0xf510ee70],
    ],
  ] as const)('is xoshiro128**: from the state %j', (state, expected) => {
    const random = restoreRandom(state)
    expect(Array.from(expected, random.uint32)).toEqual(expected)
  })

  it('repeats itself for a seed and differs between seeds', () => {
    const draw = (seed: number) => Array.from({ length: 20 }, createRandom(seed).uint32)
    expect(draw(7)).toEqual(draw(7))
    expect(new Set([0, 1, 2, 0xffffffff].flatMap(draw)).size).toBe(80)
  })

  it('goes on exactly from a stored state, after any kind of draw', () => {
    const random = createRandom(3)
    random.normal()
    random.below(10)
    random.uniform()
    const copy = restoreRandom(JSON.parse(JSON.stringify(random.state())))
    expect(Array.from({ length: 50 }, copy.normal)).toEqual(Array.from({ length: 50 }, random.normal))
  })

  it('has the moments of its distributions', () => {
    const random = createRandom(11)
    const n = 200_000
    const uniform = Array.from({ length: n }, random.uniform)
    const normal = Array.from({ length: n }, random.normal)
    const moment = (values: number[], power: number) => values.reduce((sum, x) => sum + x ** power, 0) / n
    expect(uniform.every(x => x >= 0 && x < 1)).toBe(true)
    expect(moment(uniform, 1)).toBeCloseTo(1 / 2, 2)
    expect(moment(uniform, 2)).toBeCloseTo(1 / 3, 2)
    expect(moment(normal, 1)).toBeCloseTo(0, 1)
    expect(moment(normal, 2)).toBeCloseTo(1, 1)
    expect(moment(normal, 4)).toBeCloseTo(3, 0)
  })

  it('draws integers below a bound evenly', () => {
    const random = createRandom(5)
    const counts = new Array<number>(6).fill(0)
    for (let i = 0; i < 60_000; i++) counts[random.below(6)]!++
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400) // 4 standard deviations
    expect(random.below(1)).toBe(0)
  })
})

describe('derived seeds', () => {
  it('are the same for the same keys, and differ with each key, its place, and the seed', () => {
    expect(deriveSeed(7, 'order', 3)).toBe(deriveSeed(7, 'order', 3))
    const seeds = new Set<number>()
    for (let seed = 0; seed < 30; seed++)
      for (const purpose of ['order', 'augment', 'dropout'])
        for (let epoch = 0; epoch < 30; epoch++)
          for (const step of ['', 0, 1, 12]) seeds.add(deriveSeed(seed, purpose, epoch, step))
    // 10,800 draws of 32 bits collide about 0.014 times.
    expect(seeds.size).toBe(30 * 3 * 30 * 4)
    expect(deriveSeed(1, 2, 3)).not.toBe(deriveSeed(1, 23))
    expect([...seeds].every(seed => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)).toBe(true)
  })

  it('spread over all bits', () => {
    const mean =
      Array.from({ length: 4000 }, (_, i) => deriveSeed(0, 'x', i)).reduce((sum, seed) => sum + seed, 0) / 4000
    expect(mean / 2 ** 32).toBeCloseTo(0.5, 1)
  })
})
