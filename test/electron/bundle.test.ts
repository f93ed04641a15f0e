/**
 * The built desktop application, run on a stand-in for Electron under plain Node: what bundling may break (files found by
 * `import.meta`, packages left outside, the entry of the engine) breaks here, on machines that have no Electron binary.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeEngine } from '../../src/studio/engine-version.ts'
import { buildDesktop, buildFolder } from './build.ts'
import { writeDataset } from './inputs.ts'

const hasEngine = (await describeEngine()) !== null
const folder = mkdtempSync(join(tmpdir(), 'espalier-bundle-'))

const build = buildFolder('desktop-bundle')

beforeAll(() => buildDesktop(build))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the built preload', () => {
  it('is one CommonJS file that needs nothing but electron, as a sandboxed preload must be', () => {
    expect(readdirSync(join(build, 'preload'))).toEqual(['index.cjs'])
    const code = readFileSync(join(build, 'preload/index.cjs'), 'utf8')
    expect([...code.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name)).toEqual(['electron'])
    expect(code).not.toMatch(/^import |import\(|import\.meta|exports\./m)
  })
})

describe('the built main process', () => {
  it.skipIf(!hasEngine)(
    'opens the first project, imports by a grant, runs a recipe and quits (needs an engine)',
    async () => {
      const dataset = join(folder, 'dataset')
      writeDataset(dataset)
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [join(import.meta.dirname, 'drive.ts'), build, join(folder, 'user'), dataset],
        { env: { ...process.env, ESPALIER_DATA: join(folder, 'data') }, maxBuffer: 1 << 26, timeout: 50_000 },
      )
      const seen = JSON.parse(stdout)
      const projectPath = join(folder, 'data/Studio.espalier')
      expect(seen.info).toMatchObject({ host: 'desktop', acceptsPaths: false, project: { path: projectPath } })
      expect([seen.typedPath, seen.guessed, seen.kind]).toEqual(['not-allowed', 'not-allowed', 'dataset'])
      expect(seen.doctor.checks.find(({ id }: { id: string }) => id === 'engine.load')).toMatchObject({ status: 'ok' })
      expect(seen.run).toMatchObject({ state: 'finished', error: null })
      expect(seen.run.stages.map(({ use, state }: { use: string; state: string }) => [use, state])).toEqual([
        ['prune', 'finished'],
        ['evaluate', 'finished'],
      ])
      const [prune, evaluate] = seen.run.stages.map(({ outcome }: { outcome: { result: unknown } }) => outcome.result)
      expect(prune.zeros).toBe(Math.floor(prune.weights / 2))
      expect(evaluate.total).toBe(40)
      expect(seen.notifications).toEqual([{ title: 'Run 1 has finished', body: expect.stringContaining('seed 0') }])
      expect(seen.info.recentProjects).toEqual([projectPath])
      // Folded back into one file.
      expect(readdirSync(join(folder, 'data')).filter(name => name.startsWith('Studio'))).toEqual(['Studio.espalier'])
    },
  )
})
