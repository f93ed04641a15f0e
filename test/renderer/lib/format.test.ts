import { describe, expect, it } from 'vitest'
import * as format from '../../../src/renderer/src/lib/format.ts'

/** Narrow no-break and thin spaces as plain ones. */
const plain = (text: string) => text.replaceAll(/[\u202f\u2009]/g, ' ')

describe('numbers as a person reads them', () => {
  it.each([
    [0, '0'],
    [432, '432'],
    [268_336, '268,336'],
    [25_502_912, '25,502,912'],
  ])('count %d', (value, text) => expect(format.count(value)).toBe(text))

  it.each([
    [640, '640'],
    [268_336, '268.3 k'],
    [40_551_552, '40.6 M'],
    [4_089_284_608, '4.1 G'],
    [0.5, '0.500'],
  ])('SI prefix %d', (value, text) => expect(plain(format.si(value))).toBe(text))

  it('gives a share no more digits than its denominator supports', () => {
    const shown = (correct: number, total: number) => plain(format.percent(correct / total, format.shareDigits(total)))
    expect(shown(915, 1000)).toBe('91.5 %')
    expect(shown(9173, 10_000)).toBe('91.73 %')
    expect(shown(7, 12)).toBe('58.3 %')
    expect(shown(5, 20)).toBe('25 %')
    // 12.5 % beside +2.5, not 13 % beside +2.
    expect([shown(5, 40), format.points(5 / 40 - 4 / 40, format.shareDigits(40))]).toEqual(['12.5 %', '+2.5'])
  })

  it('signs differences, and gives nothing a sign that rounds to nothing', () => {
    expect(format.points(-0.009)).toBe('−0.9')
    expect(format.points(0.25)).toBe('+25.0')
    expect(format.points(-0.0004)).toBe('±0.0')
  })

  it.each([
    [0.632714, '0.6327'],
    [12, '12'],
    [0, '0'],
    [0.00000212, '2.12e−6'],
  ])('short number %d', (value, text) => expect(format.short(value)).toBe(text))

  it.each([
    [0.042, '42 ms'],
    [12.34, '12.3 s'],
    [59.96, '1 min 00 s'],
    [125, '2 min 05 s'],
    [7500, '2 h 05 min'],
  ])('duration %d', (seconds, text) => expect(plain(format.duration(seconds))).toBe(text))

  it('rounds a remaining time, which is an estimate', () => {
    expect(plain(format.timeLeft(6.4))).toBe('6 s left')
    expect(format.timeLeft(0.4)).toBe('under 1 s left')
    expect(plain(format.timeLeft(95))).toBe('1 min 35 s left')
  })

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1_463_000, '1.5 MB'],
    [3e9, '3.0 GB'],
  ])('bytes %d', (value, text) => expect(plain(format.bytes(value))).toBe(text))

  it('names the day of another day', () => {
    const now = new Date(2026, 10, 24, 15, 0).getTime()
    expect(format.moment(new Date(2026, 10, 24, 14, 3).getTime(), now)).toBe('14:03')
    expect(format.moment(new Date(2026, 10, 3, 14, 3).getTime(), now)).toContain('3 Nov')
  })
})
