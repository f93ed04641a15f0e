/** The last words of a check. */
import { relative } from 'node:path'

/**
 * What was skipped and what failed, each by name, then `12 passed, 0 failed` alone on the last line.
 * @param {{ passed: readonly string[], failed: readonly string[], skipped: readonly string[] }} names
 */
export function closingLines({ passed, failed, skipped }) {
  return [
    ...skipped.map(name => `skipped  ${name}`),
    ...(skipped.length > 0 ? [`${skipped.length} skipped`] : []),
    ...failed.map(name => `failed   ${name}`),
    `${passed.length} passed, ${failed.length} failed`,
  ]
}

/**
 * The tests of a vitest JSON report by name. A file that could not be loaded counts as one failed test, and so does a
 * run that failed for no reason the report names; without a report nothing is known, so that is a failure too.
 * @typedef {{ ancestorTitles: string[], title: string, status: string }} TestResult
 * @typedef {{ name: string, status: string, message?: string, assertionResults: TestResult[] }} FileResult
 * @typedef {{ passed: string[], failed: string[], skipped: string[] }} Names
 * @param {{ testResults: FileResult[] } | null} report
 * @param {number} exitStatus
 * @param {string} root
 * @returns {Names}
 */
export function readVitestReport(report, exitStatus, root) {
  if (report === null) return { passed: [], failed: ['vitest: it ended without a report'], skipped: [] }
  /** @type {Names} */
  const result = { passed: [], failed: [], skipped: [] }
  for (const file of report.testResults) {
    const path = relative(root, file.name).replaceAll('\\', '/')
    for (const test of file.assertionResults) {
      const name = `${path}: ${[...test.ancestorTitles, test.title].join(' > ')}`
      if (test.status === 'passed') result.passed.push(name)
      else if (test.status === 'failed') result.failed.push(name)
      else result.skipped.push(name)
    }
    const failedInside = file.assertionResults.some(test => test.status === 'failed')
    if (file.status === 'failed' && !failedInside) result.failed.push(`${path}: ${firstLine(file.message)}`)
  }
  if (exitStatus !== 0 && result.failed.length === 0) {
    result.failed.push('vitest: it failed outside of the tests (an unhandled error; see above)')
  }
  return result
}

/** @param {string | undefined} message */
function firstLine(message) {
  return message?.split('\n')[0] || 'the file could not be loaded'
}
