/** Everything that is checked without running the program. Each check is a command and a reading of its output. */

import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { listFiles } from './build.mjs'
import { root, tool } from './process.mjs'

/**
 * A check: `read` turns the output into the reason of a failure, or `null`; without it the exit status decides.
 * @typedef {{ name: string, command: string[], read?: (stdout: string) => string | null }} Check
 */

/**
 * Type checks: every folder with a tsconfig.json of its own. Where Vue files come in, by vue-tsc.
 * @returns {Check[]}
 */
function typeChecks() {
  const layers = readdirSync(join(root, 'src')).map(name => `src/${name}`)
  const folders = [...layers, 'test', 'bench', 'experiments', 'scripts'].filter(folder =>
    existsSync(join(root, folder, 'tsconfig.json')),
  )
  return folders.map(folder => {
    const withVue = folder === 'src/renderer' || folder === 'test'
    const compiler = withVue ? tool('vue-tsc/bin/vue-tsc.js') : tool('typescript/bin/tsc')
    return { name: `types: ${folder}`, command: [compiler, '-p', `${folder}/tsconfig.json`] }
  })
}

/** @returns {Check[]} */
export function staticChecks() {
  return [
    ...typeChecks(),
    {
      name: 'format and lint',
      command: [tool('@biomejs/biome/bin/biome'), 'ci', '--colors=off', '--max-diagnostics=20', '.'],
    },
    {
      name: 'layers',
      command: [
        tool('dependency-cruiser/bin/dependency-cruiser.mjs'),
        ...['src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'],
      ],
      read: stdout => readCruise(stdout),
    },
  ]
}

/** @typedef {{ rule: { name: string, severity: string }, from: string, to: string, cycle?: { name: string }[] }} Violation */

/**
 * Broken layer rules as text, or `null`. A run that saw fewer modules than there are source files was blind (it happens
 * when the cruiser finds no compiler for TypeScript or Vue) and fails as well.
 * @param {string} stdout
 * @returns {string | null}
 */
export function readCruise(stdout, sources = sourceFiles()) {
  /** @type {{ modules: { source: string }[], summary: { violations: Violation[] } }} */
  let report
  try {
    report = JSON.parse(stdout)
  } catch {
    return `dependency-cruiser gave no report: ${stdout.slice(0, 500)}`
  }
  const seen = new Set(report.modules.map(module => module.source))
  const unseen = sources.filter(file => !seen.has(file))
  const lines = report.summary.violations
    .filter(violation => violation.rule.severity === 'error')
    .map(({ rule, from, to, cycle }) => `${rule.name}: ${from} -> ${cycle?.map(({ name }) => name).join(' -> ') ?? to}`)
  if (unseen.length > 0)
    lines.push(`not seen: ${unseen.length} of ${sources.length} files, ${unseen.slice(0, 5).join(', ')}`)
  return lines.length > 0 ? lines.join('\n') : null
}

function sourceFiles() {
  return listFiles(root, 'src').filter(file => /\.(ts|vue)$/.test(file) && !file.endsWith('.d.ts'))
}

/**
 * Runs one check with `node`. Resolves to the reason of its failure, or `null`.
 * @param {Check} check
 * @param {{ node: string, env: NodeJS.ProcessEnv }} tools
 * @returns {Promise<string | null>}
 */
export function runCheck({ command, read }, { node, env }) {
  return new Promise(resolve => {
    const child = spawn(node, command, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', chunk => {
      stdout += chunk
    })
    child.stderr.on('data', chunk => {
      stderr += chunk
    })
    child.on('error', error => resolve(error.message))
    child.on('close', status => {
      if (read) resolve(stdout ? read(stdout) : stderr || `it ended with status ${status}`)
      else resolve(status === 0 ? null : `${stdout}${stderr}`.trim() || `it ended with status ${status}`)
    })
  })
}
