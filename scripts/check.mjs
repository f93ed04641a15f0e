/**
 * `npm run check`: types, format and lint, layer rules and tests, without the set-up of `npm test`. Arguments are passed on
 * to vitest. The last line counts everything: `N passed, N failed`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { findChromium } from './lib/chromium.mjs'
import { closingLines, readVitestReport } from './lib/closing.mjs'
import { currentNode, projectEnvironment } from './lib/dependencies.mjs'
import { root, run, tool } from './lib/process.mjs'
import { runCheck, staticChecks } from './lib/static-checks.mjs'

/** @param {string} line */
const print = line => process.stdout.write(`${line}\n`)
const node = currentNode() ?? process.execPath
const chromium = process.env.CHROME || findChromium()
const env = { ...projectEnvironment(), ...(chromium && { CHROME: chromium }) }

const fixed = await runStaticChecks()
const tests = await runTests()
const passed = [...fixed.passed, ...tests.passed]
const failed = [...fixed.failed, ...tests.failed]

print('')
for (const line of closingLines({ passed, failed, skipped: tests.skipped })) print(line)
process.exitCode = failed.length > 0 ? 1 : 0

/** Several at a time, as many as there are processors (four at most); each is reported when it is through. */
async function runStaticChecks() {
  /** @type {{ passed: string[], failed: string[] }} */
  const result = { passed: [], failed: [] }
  const waiting = staticChecks()
  const worker = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const began = performance.now()
      const reason = await runCheck(check, { node, env })
      const seconds = ((performance.now() - began) / 1000).toFixed(1)
      print(`${reason === null ? 'ok      ' : 'failed  '} ${check.name} (${seconds} s)`)
      if (reason !== null) print(reason.replace(/^/gm, '         '))
      result[reason === null ? 'passed' : 'failed'].push(check.name)
    }
  }
  await Promise.all(Array.from({ length: Math.min(4, cpus().length) }, worker))
  return result
}

async function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-check-'))
  const file = join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const args = [tool('vitest/vitest.mjs'), 'run', ...reporters, ...process.argv.slice(2)]
  const status = await run(node, args, { env, stdio: ['ignore', 'inherit', 'inherit'] })
  const report = readReport(file)
  rmSync(folder, { recursive: true, force: true })
  return readVitestReport(report, status, root)
}

/** @param {string} file */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}
