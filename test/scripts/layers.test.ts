import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { readCruise } from '../../scripts/lib/static-checks.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'espalier-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A small project of the same layers; each file imports what its value lists. */
const files: Record<string, string[]> = {
  'src/shared/errors.ts': [],
  'src/core/graph.ts': ['../shared/errors.ts'],
  'src/core/clock.ts': ['node:os'],
  'src/shared/reaches-up.ts': ['../core/graph.ts'],
  'src/formats/reader.ts': ['../core/graph.ts', '../studio/studio.ts'],
  'src/studio/studio.ts': ['../formats/reader.ts'],
  'src/core/pruning/scores/magnitude.ts': ['./taylor.ts'],
  'src/core/pruning/scores/taylor.ts': [],
  'src/renderer/src/App.vue': ['../../core/graph.ts'],
  'src/cli/index.ts': ['./not-there.ts'],
}

function cruise(): string | null {
  for (const [file, imports] of Object.entries(files)) {
    mkdirSync(join(folder, file, '..'), { recursive: true })
    const code = imports.map((path, i) => `import type * as x${i} from '${path}'`).join('\n')
    const text = `${code}\nexport const y = 1\n`
    writeFileSync(join(folder, file), file.endsWith('.vue') ? `<script setup lang="ts">\n${code}\n</script>\n` : text)
  }
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.base.json']) cpSync(join(root, file), join(folder, file))
  const script = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs')
  const args = ['src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json']
  const { stdout } = spawnSync(process.execPath, [script, ...args], { cwd: folder, encoding: 'utf8' })
  return readCruise(stdout, Object.keys(files))
}

describe('the layer rules', () => {
  it('find every kind of trespass, in TypeScript and in Vue files', () => {
    const found =
      cruise()
        ?.split('\n')
        .map(line => line.replace(/ ->.*/, '')) ?? []
    expect(found.sort()).toEqual([
      'everything-is-found: src/cli/index.ts',
      'layer-formats: src/formats/reader.ts',
      'layer-renderer: src/renderer/src/App.vue',
      'layer-shared: src/shared/reaches-up.ts',
      'members-are-islands: src/core/pruning/scores/magnitude.ts',
      'no-cycles: src/formats/reader.ts',
      'portable: src/core/clock.ts',
    ])
  })

  it('do not pass when the cruiser saw nothing', () => {
    const blind = JSON.stringify({ modules: [], summary: { violations: [] } })
    expect(readCruise(blind, ['src/core/a.ts'])).toBe('not seen: 1 of 1 files, src/core/a.ts')
    expect(readCruise('', [])).toMatch(/gave no report/)
  })
})

it('TensorFlow is named in the engine runtime only', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(file =>
    /\.(ts|vue)$/.test(file),
  )
  const code = (file: string) => readFileSync(join(root, 'src', file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
  const naming = sources.filter(file => code(file).includes('@tensorflow/tfjs-node-gpu'))
  expect(naming.length).toBeGreaterThan(0)
  expect(naming.filter(file => !file.startsWith(join('engine', 'runtime')))).toEqual([])
})
