import { describe, expect, it } from 'vitest'
import { closingLines, readVitestReport } from '../../scripts/lib/closing.mjs'

const test = (title: string, status: string) => ({ ancestorTitles: ['group'], title, status })
const file = (name: string, status: string, assertionResults: ReturnType<typeof test>[], message = '') => ({
  name: `/project/test/${name}`,
  status,
  message,
  assertionResults,
})

describe('the closing lines', () => {
  it.each([
    [{ passed: ['a', 'b'], failed: [], skipped: [] }, ['2 passed, 0 failed']],
    [{ passed: [], failed: ['x', 'y'], skipped: [] }, ['failed   x', 'failed   y', '0 passed, 2 failed']],
    [
      { passed: ['a'], failed: ['x'], skipped: ['s', 't'] },
      ['skipped  s', 'skipped  t', '2 skipped', 'failed   x', '1 passed, 1 failed'],
    ],
  ])('of %j', (names, lines) => {
    expect(closingLines(names)).toEqual(lines)
  })
})

describe('the reading of a test report', () => {
  it('names every test', () => {
    const tests = [
      test('a', 'passed'),
      test('b', 'failed'),
      test('c', 'skipped'),
      test('d', 'pending'),
      test('e', 'todo'),
    ]
    expect(readVitestReport({ testResults: [file('x.test.ts', 'failed', tests)] }, 1, '/project')).toEqual({
      passed: ['test/x.test.ts: group > a'],
      failed: ['test/x.test.ts: group > b'],
      skipped: ['test/x.test.ts: group > c', 'test/x.test.ts: group > d', 'test/x.test.ts: group > e'],
    })
  })

  it('counts a file that could not be loaded as a failed test', () => {
    const report = { testResults: [file('x.test.ts', 'failed', [], 'Cannot find module ./y\n  at z')] }
    expect(readVitestReport(report, 1, '/project').failed).toEqual(['test/x.test.ts: Cannot find module ./y'])
  })

  it('does not count a file twice of which a test failed', () => {
    const report = { testResults: [file('x.test.ts', 'failed', [test('b', 'failed')])] }
    expect(readVitestReport(report, 1, '/project').failed).toHaveLength(1)
  })

  it('never calls a run passed that ended badly', () => {
    const passed = { testResults: [file('x.test.ts', 'passed', [test('a', 'passed')])] }
    expect(readVitestReport(passed, 0, '/project').failed).toEqual([])
    expect(readVitestReport(passed, 1, '/project').failed).toHaveLength(1)
    expect(readVitestReport(null, 0, '/project').failed).toHaveLength(1)
  })
})
