/** A double of the studio for tests of the window: the contract, in memory, with runs that pass by themselves. */
import { randomUUID } from 'node:crypto'
import type { AllocationAnswer, AllocationQuestion } from '../../../src/shared/allocation.ts'
import type { Handlers, StudioEvent } from '../../../src/shared/contract.ts'
import type {
  DatasetReport,
  EngineState,
  ModelReport,
  RecipeRecord,
  RunDetail,
  StageRecord,
} from '../../../src/shared/domain.ts'
import { type ErrorData, EspalierError } from '../../../src/shared/errors.ts'
import type { NormSnapshot } from '../../../src/shared/features.ts'
import { type ReportedFederation, withReport } from '../../../src/shared/federation-report.ts'
import { listedRun } from '../../../src/shared/listed-run.ts'
import { checkRecipe, parseRecipe, type Recipe } from '../../../src/shared/recipe.ts'
import { curvesFrom } from '../../../src/shared/run-curves.ts'
import { differingSettings, settingsOf } from '../../../src/shared/settings.ts'
import type { Study } from '../../../src/shared/study.ts'
import { dataset, doctorReport, model } from './data.ts'
import { createDesk } from './distortion.ts'
import { federationSteps, reportsAt, roundAt } from './federation.ts'
import { comparedOf, layerCounts, outcomeOf, prunableLayers, weightsOf } from './outcomes.ts'
import { pointsAt, stepsPerEpoch, trainingOf } from './training.ts'

export interface DoubleOptions {
  /** Of one step of a run; 0 finishes runs at once. */
  readonly stepMs?: number
  readonly isEmpty?: boolean
  readonly engine?: EngineState
  readonly host?: 'desktop' | 'browser'
}

export class StudioDouble {
  readonly #listeners = new Set<(event: StudioEvent) => void>()
  readonly #stepMs: number
  readonly #host: 'desktop' | 'browser'
  engine: EngineState
  datasets: DatasetReport[] = []
  models: ModelReport[] = []
  recipes: RecipeRecord[] = []
  details = new Map<string, RunDetail>()
  #stopping = new Map<string, 'stopped' | 'paused'>()
  /** What every run says of its batch norm. */
  norms: NormSnapshot[] = []
  study: Study = { rows: [] }
  /** The layers that curves are of. */
  readonly prunable = prunableLayers
  /** What an answer about allocations takes at least. */
  solveMs = 0
  /** What was asked about allocations, in order. */
  readonly questions: AllocationQuestion[] = []
  mostQuestionsAtOnce = 0
  #openQuestions = 0
  readonly #desks = new Map<object, ReturnType<typeof createDesk>>()
  /** What the next import answers with, instead of success. */
  nextImportError: ErrorData | undefined
  /** Awaited before each step of a stage: a test that looks at a moment of a run holds it there. */
  beforeStep: ((step: number) => Promise<void>) | undefined
  /** What the next run fails with, at its second stage. */
  nextRunError: ErrorData | undefined

  constructor(options: DoubleOptions = {}) {
    this.#stepMs = options.stepMs ?? 30
    this.#host = options.host ?? 'browser'
    this.engine = options.engine ?? { state: 'ready', tensorflow: '2.21.0', device: 'CPU', error: null }
    if (!options.isEmpty) {
      this.datasets = [dataset('d1', 'cifar10-first1000')]
      this.models = [model('m1', 'resnet20-12fca82f.th', 3), model('m2', 'resnet32-d509ac18.th', 5)]
    }
  }

  readonly onEvent = (listener: (event: StudioEvent) => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  emit(event: StudioEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  #detail(id: string): RunDetail {
    const detail = this.details.get(id)
    if (!detail) throw new EspalierError({ code: 'not-found', message: `There is no run ${id} in the project.` })
    return detail
  }

  #change(detail: RunDetail, change: Partial<RunDetail['run']>): void {
    Object.assign(detail.run, change)
    this.emit({ type: 'run.changed', run: structuredClone(detail.run) })
  }

  /** Runs the queue, one run at a time. */
  async #work(): Promise<void> {
    if ([...this.details.values()].some(d => d.run.state === 'running')) return
    const next = [...this.details.values()].find(d => d.run.state === 'queued')
    if (!next) return
    await this.#pass(next)
    this.#work()
  }

  async #pass(detail: RunDetail): Promise<void> {
    const { id } = detail.run
    const error = this.nextRunError
    this.nextRunError = undefined
    this.#change(detail, {
      state: 'running',
      startedAt: Date.now(),
      identity: id.replaceAll('-', '').repeat(2).slice(0, 64),
    })
    detail.device = 'CPU'
    this.#log(detail, 'Reading cifar10-first1000')
    let sparsity = 0
    let allocation = 'global'
    for (const [index, stage] of detail.recipe.stages.entries()) {
      const record = detail.run.stages[index]
      if (!record || record.state === 'finished') continue
      this.#stage(detail, { ...record, state: 'running', startedAt: Date.now() })
      this.#log(detail, `Stage ${index + 1}, ${stage.use}`)
      const training = trainingOf(stage)
      const steps = training
        ? training.epochs * stepsPerEpoch
        : stage.use === 'evaluate'
          ? 40
          : stage.use === 'federate'
            ? federationSteps(stage)
            : 10
      for (let step = 1; step <= steps; step++) {
        if (this.#stepMs > 0) await new Promise(resolve => setTimeout(resolve, this.#stepMs))
        await this.beforeStep?.(step)
        const state = this.#stopping.get(id)
        if (state) {
          this.#stopping.delete(id)
          const now = detail.run.stages[index]
          if (now) this.#stage(detail, { ...now, state })
          detail.progress = null
          return this.#change(detail, { state, endedAt: Date.now() })
        }
        if (error && index === 1 && step === 3) {
          const now = detail.run.stages[index]
          if (now) this.#stage(detail, { ...now, state: 'failed' })
          detail.progress = null
          return this.#change(detail, { state: 'failed', endedAt: Date.now(), error })
        }
        detail.progress = {
          runId: id,
          stage: index,
          step: stage.use === 'evaluate' ? `Scoring the ${stage.split} split` : 'Choosing weights',
          done: step * 25,
          total: steps * 25,
          unit: stage.use === 'evaluate' ? 'samples' : 'layers',
          rate: 2140,
          secondsLeft: ((steps - step) * this.#stepMs) / 1000,
          ...(stage.use === 'federate' && { round: roundAt(stage, step) }),
        }
        this.emit({ type: 'run.progress', progress: detail.progress })
        if (training) this.#train(detail, index, step, steps)
        if (stage.use === 'federate')
          for (const report of reportsAt(stage, step, layerCounts(sparsity, allocation)))
            this.#report(detail, { stage: index, step, report })
      }
      if (stage.use === 'prune') {
        // Where it is looked for.
        sparsity = stage.sparsity ?? 0.25
        allocation = stage.allocation
        const snapshot = { stage: index, step: training ? steps : 0, layers: layerCounts(sparsity, allocation) }
        detail.layers = [...detail.layers.filter(s => s.stage !== index || s.step !== snapshot.step), snapshot]
        this.emit({ type: 'run.layers', runId: id, snapshot })
      }
      const now = detail.run.stages[index]
      if (now)
        this.#stage(detail, {
          ...now,
          state: 'finished',
          seconds: 0.47,
          outcome: outcomeOf(stage, sparsity, allocation),
        })
    }
    detail.progress = null
    this.#change(detail, { state: 'finished', endedAt: Date.now() })
  }

  #train(detail: RunDetail, index: number, step: number, steps: number): void {
    const points = pointsAt(index, step)
    detail.metrics.push(...points)
    this.emit({ type: 'run.metrics', runId: detail.run.id, points })
    const stage = detail.recipe.stages[index]
    if (stage?.use !== 'prune') return
    const layers = layerCounts(stage.sparsity! * (1 - (1 - step / steps) ** 3), stage.allocation)
    const snapshot = { stage: index, step, layers }
    detail.layers.push(snapshot)
    this.emit({ type: 'run.layers', runId: detail.run.id, snapshot })
  }

  #report(detail: RunDetail, reported: ReportedFederation): void {
    detail.federations = withReport(detail.federations, reported)
    this.emit({ type: 'run.federation', runId: detail.run.id, ...reported })
  }

  #stage(detail: RunDetail, stage: StageRecord): void {
    detail.run.stages[stage.index] = stage
    if (stage.outcome) detail.federations = detail.federations.filter(other => other.stage !== stage.index)
    this.emit({ type: 'run.stage', runId: detail.run.id, stage: structuredClone(stage) })
  }

  #log(detail: RunDetail, text: string): void {
    const at = Date.now()
    detail.log.push({ at, text })
    this.emit({ type: 'run.log', runId: detail.run.id, at, text })
  }

  #start(recipe: Recipe, seed: number, recipeId: string | null): RunDetail {
    const detail: RunDetail = {
      run: {
        id: randomUUID(),
        number: this.details.size + 1,
        name: recipe.name,
        seed,
        state: 'queued',
        identity: null,
        recipeId,
        triedBy: null,
        createdAt: Date.now(),
        startedAt: null,
        endedAt: null,
        error: null,
        stages: recipe.stages.map((stage, index) => ({
          index,
          use: stage.use,
          state: 'waiting',
          startedAt: null,
          seconds: null,
          cached: false,
          outcome: null,
        })),
      },
      recipe,
      device: null,
      layers: [{ stage: 0, step: 0, layers: layerCounts(0, 'global') }],
      metrics: [],
      federations: [],
      log: [],
      progress: null,
    }
    this.details.set(detail.run.id, detail)
    this.emit({ type: 'run.changed', run: structuredClone(detail.run) })
    return detail
  }

  async #solve(question: AllocationQuestion): Promise<AllocationAnswer> {
    this.questions.push(question)
    this.mostQuestionsAtOnce = Math.max(this.mostQuestionsAtOnce, ++this.#openQuestions)
    if (this.solveMs > 0) await new Promise(resolve => setTimeout(resolve, this.solveMs))
    this.#openQuestions--
    const { run, recipe } = this.#detail(question.run)
    const [stage, outcome] = [recipe.stages[question.stage], run.stages[question.stage]?.outcome]
    const curves = outcome?.use === 'prune' ? outcome.result.curves : undefined
    if (stage?.use !== 'prune' || !curves)
      throw new EspalierError({
        code: 'not-found',
        message: `Stage ${question.stage} of run ${run.number} has no rate-distortion curves.`,
      })
    const desk = this.#desks.get(curves) ?? createDesk(stage, curves, this.prunable)
    this.#desks.set(curves, desk)
    return desk(question)
  }

  async #end(id: string, state: 'stopped' | 'paused'): Promise<RunDetail['run']> {
    const detail = this.#detail(id)
    if (detail.run.state === 'queued') this.#change(detail, { state, endedAt: Date.now() })
    else if (detail.run.state === 'running') this.#stopping.set(id, state)
    while (detail.run.state === 'running') await new Promise(resolve => setTimeout(resolve, 5))
    return detail.run
  }

  readonly handlers: Handlers = {
    'studio.info': () => ({
      version: '0.1.0',
      host: this.#host,
      acceptsPaths: true,
      project: { name: 'Pruning CIFAR', path: '/home/ada/pruning-cifar.espalier', bytes: 1_463_000 },
      engine: this.engine,
      recentProjects: [],
    }),
    'engine.doctor': () => doctorReport,
    'library.list': () => ({ datasets: this.datasets, models: this.models }),
    'library.import': async ({ importId }) => {
      for (let done = 0; done <= 20 && importId; done++) {
        this.emit({ type: 'import.progress', importId, step: 'Reading images', done: done * 50, total: 1000 })
        if (this.#stepMs > 0) await new Promise(resolve => setTimeout(resolve, this.#stepMs))
      }
      const error = this.nextImportError
      this.nextImportError = undefined
      if (error) throw new EspalierError(error)
      const item = dataset(randomUUID(), 'imported')
      this.datasets = [...this.datasets, item]
      this.emit({ type: 'library.changed' })
      return { kind: 'dataset', dataset: item }
    },
    'library.remove': ({ kind, id }) => {
      if (kind === 'dataset') this.datasets = this.datasets.filter(d => d.id !== id)
      else this.models = this.models.filter(m => m.id !== id)
      this.emit({ type: 'library.changed' })
      return {}
    },
    'sample.create': () => {
      const known = this.datasets.find(({ name }) => name === 'glyphs.json')
      const made = known ?? { ...dataset(randomUUID(), 'glyphs.json'), format: 'glyphs', formatLabel: 'Glyphs' }
      if (!known) this.datasets = [...this.datasets, made]
      this.emit({ type: 'library.changed' })
      const recipes = ['dense', 'global'].map((name): RecipeRecord => {
        const document = {
          name: `Glyphs, ${name}`,
          model: { architecture: 'resnet8-a' },
          data: { path: made.path, normalize: 'half' },
          stages: [{ use: 'evaluate' }, ...(name === 'global' ? [{ use: 'prune', sparsity: 0.8 }] : [])],
        }
        const same = this.recipes.find(recipe => recipe.name === document.name)
        return same ?? { id: randomUUID(), name: document.name, version: 1, savedAt: Date.now(), document }
      })
      this.recipes = [...this.recipes.filter(({ id }) => !recipes.some(recipe => recipe.id === id)), ...recipes]
      this.emit({ type: 'recipe.changed' })
      return { dataset: made, recipes }
    },
    'recipe.list': () => ({ recipes: this.recipes }),
    'recipe.save': ({ id, document }) => {
      const old = this.recipes.find(r => r.id === id)
      if (id && !old) throw new EspalierError({ code: 'not-found', message: `There is no recipe ${id}.` })
      const name = (document as { name?: unknown }).name
      const record: RecipeRecord = {
        id: old?.id ?? randomUUID(),
        name: typeof name === 'string' && name ? name : 'Untitled recipe',
        version: (old?.version ?? 0) + 1,
        savedAt: Date.now(),
        document,
      }
      this.recipes = [...this.recipes.filter(r => r.id !== record.id), record]
      this.emit({ type: 'recipe.changed' })
      return record
    },
    'recipe.remove': ({ id }) => {
      this.recipes = this.recipes.filter(r => r.id !== id)
      this.emit({ type: 'recipe.changed' })
      return {}
    },
    'recipe.check': ({ document }) => ({ problems: checkRecipe(document).problems }),
    'run.start': ({ document, recipeId }) => {
      const recipe = parseRecipe(document)
      const started = recipe.seeds.map(seed => this.#start(recipe, seed, recipeId ?? null))
      this.#work()
      return { runs: started.map(detail => structuredClone(detail.run)) }
    },
    'run.list': () => ({ runs: [...this.details.values()].map(({ run }) => listedRun(run)) }),
    'run.get': ({ id }) => structuredClone(this.#detail(id)),
    'allocation.solve': question => this.#solve(question),
    'run.layer': ({ id, layer }) => ({ weights: weightsOf(this.#detail(id), layer) }),
    'run.curves': ({ id }) => ({ curves: curvesFrom(this.#detail(id).metrics) }),
    'run.norms': () => ({ snapshots: this.norms }),
    'run.stop': ({ id }) => this.#end(id, 'stopped'),
    'run.pause': ({ id }) => this.#end(id, 'paused'),
    'run.resume': ({ id }) => {
      const detail = this.#detail(id)
      const stages = detail.run.stages.map(s => (s.state === 'finished' ? s : { ...s, state: 'waiting' as const }))
      this.#log(detail, `Resumed at the start of stage 1 of ${stages.length}.`)
      this.#change(detail, { state: 'queued', endedAt: null, error: null, stages })
      this.#work()
      return structuredClone(detail.run)
    },
    'run.remove': ({ id }) => {
      this.details.delete(id)
      this.emit({ type: 'run.removed', id })
      return {}
    },
    'run.study': () => this.study,
    'run.compare': ({ ids }) => {
      const details = ids.map(id => this.#detail(id))
      return {
        runs: details.map(comparedOf),
        differing: differingSettings(details.map(({ recipe }) => settingsOf(recipe))),
      }
    },
  }
}
