/**
 * The target of the Curves view: from a move of the slider to the redrawn chart, in a real Chromium. Curves are made up, weights
 * are fresh: the window, the socket, the studio and the solver are what is measured. Goals: 50 ms for ResNet-32, 300 ms for
 * ResNet-50's size.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { architectureOf } from '../src/core/architectures.ts'
import { graphCost } from '../src/core/graph/cost.ts'
import { elementCount } from '../src/core/graph/dims.ts'
import type { Model } from '../src/core/graph/model.ts'
import { initialise } from '../src/core/initialise.ts'
import { curveFractions, zeroedCounts } from '../src/core/pruning/curves.ts'
import { prune } from '../src/core/pruning/prune.ts'
import { createRandom } from '../src/core/random.ts'
import type { FromEngine, Job, ToEngine } from '../src/engine/protocol.ts'
import { modelToBytes } from '../src/formats/model-file.ts'
import { createGrants } from '../src/server/grants.ts'
import { startServer } from '../src/server/server.ts'
import { createUploads } from '../src/server/uploads.ts'
import { type DistortionCurve, usualFractions } from '../src/shared/distortion.ts'
import type { EngineProcess } from '../src/studio/host.ts'
import type { Readers } from '../src/studio/inputs.ts'
import { createStudio } from '../src/studio/studio.ts'
import { chromiumPath, launchChromium } from '../test/browser/chromium.ts'
import { ensureWindow } from '../test/browser/serve.ts'

interface Subject {
  readonly architecture: string
  readonly side: number
  readonly classes: number
  readonly goalMs: number
}

const subjects: readonly Subject[] = [
  { architecture: 'resnet20-a', side: 32, classes: 10, goalMs: 50 },
  { architecture: 'resnet32-a', side: 32, classes: 10, goalMs: 50 },
  { architecture: 'resnet50-imagenet', side: 224, classes: 1000, goalMs: 300 },
]
const moves = 60

const say = (line: string) => process.stdout.write(`${line}\n`)

/** Each layer with a rising curve of its own. */
function madeUpCurves({ architecture }: Subject): DistortionCurve[] {
  const random = createRandom(0)
  const fractions = curveFractions(usualFractions)
  return graphCost(architectureOf(architecture)).layers.flatMap(({ name, kernel }) => {
    if (!kernel) return []
    const weights = elementCount(kernel.dims)
    const [scale, power] = [10 ** (3 * random.uniform()), 1 + 6 * random.uniform()]
    const zeroed = zeroedCounts(fractions, weights)
    const mean = zeroed.map(count => scale * (count / weights) ** power)
    return [{ name, weights, fractions, zeroed, mean, worst: mean.map(value => 4 * value) }]
  })
}

/** Works the one stage there is at once: fresh weights, half of them pruned, with the curves. */
function engineFor(subject: Subject): EngineProcess {
  let listener: (message: FromEngine) => void = () => {}
  let ended: Parameters<EngineProcess['onExit']>[0] = () => {}
  const work = ({ workDirectory, seed }: Job) => {
    const graph = architectureOf(subject.architecture)
    const fresh: Model = {
      ...{ architecture: subject.architecture, graph },
      ...{ weights: initialise(graph, seed), masks: new Map() },
    }
    const { model, layers, zeros, weights } = prune(fresh, { allocation: 'uniform', score: 'magnitude', sparsity: 0.5 })
    const modelFile = join(workDirectory, 'pruned.safetensors')
    writeFileSync(modelFile, modelToBytes(model))
    const result = { zeros, weights, sparsity: zeros / weights, layers: [...layers], curves: madeUpCurves(subject) }
    listener({ type: 'stage-started', stage: 0 })
    listener({ type: 'stage-finished', stage: 0, seconds: 0, outcome: { use: 'prune', result }, modelFile })
    listener({ type: 'finished' })
    ended({ code: 0, signal: null })
  }
  setImmediate(() => listener({ type: 'ready' }))
  return {
    pid: undefined,
    send: (message: ToEngine) => void (message.type === 'start' && setImmediate(() => work(message.job))),
    onMessage: next => {
      listener = next
    },
    onOutput() {},
    onExit: next => {
      ended = next
    },
    kill: () => ended({ code: null, signal: 'SIGKILL' }),
  }
}

const readersFor = ({ side, classes }: Subject): Readers => ({
  isDataset: async () => true,
  dataset: async path => ({
    ...{ name: 'made up', path, format: 'none', formatLabel: 'none', fingerprint: '0'.repeat(64) },
    classes: Array.from({ length: classes }, (_, i) => String(i)),
    ...{ shape: [side, side, 3], sampleType: 'uint8' as const, notes: [], preview: [] },
    splits: [{ name: 'train' as const, count: 2000, perClass: Array.from({ length: classes }, () => 2000 / classes) }],
  }),
  model: async () => {
    throw new Error('these weights are in no file')
  },
})

/**
 * Milliseconds from each move to the last stroke that draws the curves with its answer: the next move comes when this one is drawn, as
 * from a hand that does not let go.
 */
const drag = (page: Page, count: number) =>
  page.evaluate(async (total: number) => {
    const slider = document.querySelector<HTMLInputElement>('#target')!
    const facts = document.querySelector('.facts')!
    const frame = () => new Promise(resolve => requestAnimationFrame(resolve))
    let strokeAt = 0
    const context = CanvasRenderingContext2D.prototype
    const { stroke } = context
    context.stroke = function (this: CanvasRenderingContext2D, ...path: [] | [Path2D]) {
      if (this.canvas.closest('[aria-label="Rate-distortion curves"]')) strokeAt = performance.now()
      Reflect.apply(stroke, this, path)
    }
    const taken: number[] = []
    for (let i = 0; i < total; i++) {
      const before = facts.textContent
      const start = performance.now()
      // Up and down again, never the same twice in a row.
      slider.value = String(0.6 + 0.3 * Math.abs(Math.sin(i + 1)))
      slider.dispatchEvent(new Event('input', { bubbles: true }))
      let answeredAt = 0
      while (answeredAt === 0 || strokeAt < answeredAt) {
        await frame()
        if (answeredAt === 0 && facts.textContent !== before) answeredAt = start
      }
      taken.push(strokeAt - start)
      await frame()
    }
    context.stroke = stroke
    return taken
  }, count)

async function measure(subject: Subject, windowFolder: string, page: Page): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-slider-'))
  const directories = { cache: join(folder, 'cache'), data: join(folder, 'data') }
  mkdirSync(directories.data)
  const studio = await createStudio({
    projectPath: join(folder, 'slider.espalier'),
    ...{ host: 'browser', acceptsPaths: true, directories },
    spawnEngine: () => engineFor(subject),
    describeEngine: async () => ({ version: 'none', tensorflow: 'none' }),
    readers: readersFor(subject),
  })
  const grants = createGrants()
  const uploads = createUploads(join(directories.data, 'uploads'))
  const server = await startServer({ studio, windowFolder, uploads, grants, port: 0 })
  try {
    const { signal } = new AbortController()
    const stages = [{ use: 'prune', allocation: 'rate-distortion', sparsity: 0.5, calibration: { images: 1 } }]
    const document = { model: { architecture: subject.architecture }, data: { path: folder }, stages }
    const { runs } = await studio.handlers['run.start']({ document }, { signal })
    await studio.idle()
    await page.goto(`${server.url}#/curves/${runs[0]!.id}`)
    await page.locator('.facts').waitFor()
    await drag(page, moves / 2)
    const devTools = await page.context().newCDPSession(page)
    await devTools.send('Performance.enable', { timeDomain: 'threadTicks' })
    /** Milliseconds of processor time: the main thread of the window, and this process, which is the studio. */
    const spent = async () => {
      const { metrics } = await devTools.send('Performance.getMetrics')
      const { user, system } = process.cpuUsage()
      return {
        window: 1000 * metrics.find(({ name }) => name === 'TaskDuration')!.value,
        studio: (user + system) / 1000,
      }
    }
    const before = await spent()
    const taken = (await drag(page, moves)).sort((a, b) => a - b)
    const after = await spent()
    const each = (what: keyof typeof before) => ((after[what] - before[what]) / moves).toFixed(0)
    const curves = madeUpCurves(subject)
    const weights = curves.reduce((sum, curve) => sum + curve.weights, 0)
    say(
      `  ${subject.architecture.padEnd(18)} ${curves.length} layers, ${weights.toLocaleString('en')} weights: ` +
        `median ${taken[moves / 2]!.toFixed(0)} ms, worst ${taken.at(-1)!.toFixed(0)} (goal ${subject.goalMs}); ` +
        `processor time a move: window ${each('window')} ms, studio ${each('studio')} ms`,
    )
  } finally {
    await server.close()
    await studio.close()
    uploads.close()
    rmSync(folder, { recursive: true })
  }
}

if (!chromiumPath) say('Skipped: there is no Chromium on this machine; $CHROME may name one.')
else {
  const windowFolder = await ensureWindow()
  const browser = await launchChromium()
  say(`From a move of the slider to the redrawn curves, ${moves} moves, Chromium ${browser.version()}`)
  try {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage()
    // A large network is drawn and ranked first, which is not what is measured.
    page.setDefaultTimeout(300_000)
    for (const subject of subjects) await measure(subject, windowFolder, page)
  } finally {
    await browser.close()
  }
}
