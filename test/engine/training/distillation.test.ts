/**
 * A teacher beside its student: six steps beside those of PyTorch in float64 (test/fixtures/generate/distillation.py), and
 * what the losses must be in cases that can be known without it.
 */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { projectionParameters } from '../../../src/core/distillation/projections.ts'
import { pairTaps } from '../../../src/core/distillation/taps.ts'
import { GraphBuilder } from '../../../src/core/graph/builder.ts'
import { elementCount } from '../../../src/core/graph/dims.ts'
import type { Graph, Model } from '../../../src/core/graph/model.ts'
import type { DistillationLossOptions } from '../../../src/engine/compile/distillation-loss.ts'
import type { TrainableModel, TrainingOptions } from '../../../src/engine/compile/training.ts'
import { type Engine, loadEngine } from '../../../src/engine/runtime/load.ts'
import { batch, compile, graph, momentum, plainSgd, trainable, uniform, weights } from './small-network.ts'

type Summary = Readonly<Record<string, readonly [sum: number, norm: number, last: number]>>
interface Recorded {
  readonly losses: readonly number[]
  readonly parts: readonly (readonly number[])[]
  readonly norms: readonly (readonly number[])[]
  readonly gradients: Summary
  readonly weights: Summary
}

const fixture: { runs: Record<string, Recorded> } = JSON.parse(
  readFileSync(new URL('../../fixtures/engine/distillation.json', import.meta.url), 'utf8'),
)

let engine: Engine
beforeAll(async () => {
  engine = await loadEngine()
})

const wide = architectureOf('resnet8-a-w2')

/** The teacher of the fixture: `TEACHER` and `STATISTICS` are its streams. */
function teacher(): Model {
  const values = new Map<string, Float32Array>()
  let [stream, statistic] = [5000, 6000]
  for (const [name, { role, dims }] of Object.entries(wide.parameters)) {
    const isStatistic = role === 'mean' || role === 'variance'
    const own = uniform(elementCount(dims), isStatistic ? statistic++ : stream++)
    const bound = Math.fround(Math.sqrt(6 / elementCount(dims.slice(1))))
    const isAboutOne = role === 'gamma' || role === 'variance'
    values.set(
      name,
      Float32Array.from(own, value => (role === 'weight' ? value * bound : isAboutOne ? 1 + value / 4 : value / 4)),
    )
  }
  return { architecture: 'resnet8-a-w2', graph: wide, weights: values, masks: new Map() }
}

const taps = pairTaps(graph, wide)

const projections = () =>
  new Map(
    Object.entries(projectionParameters(taps)).map(([name, { dims }], i) => {
      const bound = Math.fround(Math.sqrt(6 / (dims[0]! + dims[1]!)))
      return [name, Float32Array.from(uniform(elementCount(dims), 7000 + i), value => value * bound)]
    }),
  )

const student = new Set(trainable.map(([name]) => name))
const extra = new Set(Object.keys(projectionParameters(taps)))

function groups(isFeature: boolean, clip?: 'together' | 'student-only'): NonNullable<TrainingOptions['groups']> {
  const limit = (on: boolean) => (on ? { maxNorm: 1 } : {})
  const own = isFeature ? extra : new Set<string>()
  return [
    { name: 'all', parameters: new Set([...student, ...own]), ...limit(clip === 'together') },
    { name: 'student', parameters: student, ...limit(clip === 'student-only') },
    { name: 'projections', parameters: own },
  ]
}

interface Setting {
  readonly alpha: number
  readonly loss: DistillationLossOptions
  readonly clip?: 'together' | 'student-only'
}

const features = (scaling = false) => ({ kind: 'feature', beta: 0.5, taps, scaling }) as const
const settings: Record<string, Setting> = {
  logit: { alpha: 0.7, loss: { kind: 'logit', temperature: 4 } },
  'logit-clipped': { alpha: 0.5, loss: { kind: 'logit', temperature: 2 }, clip: 'together' },
  feature: { alpha: 0.7, loss: features() },
  'feature-scaled': { alpha: 0.3, loss: features(true) },
  'feature-clipped-together': { alpha: 0.7, loss: features(), clip: 'together' },
  'feature-clipped-student-only': { alpha: 0.7, loss: features(), clip: 'student-only' },
}

const nesterov = { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 5e-4 } as const

function distil(
  { alpha, loss, clip }: Setting,
  more: Partial<TrainingOptions> = {},
  taught: Graph = wide,
): TrainableModel {
  return compile(engine, {
    optimizer: nesterov,
    distillation: { teacher: taught, alpha, loss },
    groups: groups(loss.kind === 'feature', clip),
    ...more,
  })
}

function expectSummary(read: (name: string) => Float32Array, expected: Summary, tolerance: number): void {
  for (const [name, [sum, norm, last]] of Object.entries(expected)) {
    const values = read(name)
    const length = Math.hypot(...values)
    expect(Math.abs(values.reduce((total, value) => total + value, 0) - sum), `sum of ${name}`).toBeLessThan(
      4 * tolerance * Math.max(1, norm),
    )
    expect(Math.abs(length - norm), `norm of ${name}`).toBeLessThan(tolerance * Math.max(1, norm))
    expect(Math.abs(values.at(-1)! - last), `last of ${name}`).toBeLessThan(tolerance * Math.max(1, Math.abs(last)))
  }
}

/** The student and its projections at the start, taught by `master`. */
function start(model: TrainableModel, isFeature: boolean, master = teacher()): void {
  model.assign({ weights: weights(), masks: new Map() })
  model.assignTeacher(master, isFeature ? projections() : new Map())
}

describe('distillation gives the losses, gradients, norms and weights of PyTorch', () => {
  it('covers every recorded run', () => {
    expect(Object.keys(settings)).toEqual(Object.keys(fixture.runs))
  })

  it.each(Object.entries(settings))('%s', (name, setting) => {
    const recorded = fixture.runs[name]!
    const isFeature = setting.loss.kind === 'feature'
    const model = distil(setting)
    try {
      start(model, isFeature)
      const names = Object.keys(recorded.gradients)
      const gradients = model.gradients({ ...batch(0), seed: 0 }, names)
      expectSummary(each => gradients.get(each)!, recorded.gradients, 1e-3)
      for (const [step, expected] of recorded.losses.entries()) {
        const result = model.step({ ...batch(step), learningRate: 0.02, seed: step })
        expect(Math.abs(result.loss / expected - 1), `loss of step ${step}`).toBeLessThan(2e-4)
        const parts = [...result.parts.values()]
        expect(parts).toHaveLength(recorded.parts[step]!.length)
        for (const [i, part] of recorded.parts[step]!.entries())
          expect(Math.abs(parts[i]! / part - 1), `part ${i} of step ${step}`).toBeLessThan(5e-4)
        for (const [i, norm] of recorded.norms[step]!.entries())
          expect(Math.abs([...result.gradientNorms.values()][i]! - norm), `norm ${i} of step ${step}`).toBeLessThan(
            2e-3 * Math.max(norm, 1e-3),
          )
      }
      const state = model.readState()
      expectSummary(each => state.get(`parameter/${each}`)!, recorded.weights, 5e-4)
    } finally {
      model.dispose()
    }
  })
})

describe('what must hold', () => {
  const logitOf = (alpha: number, temperature = 4): Setting => ({ alpha, loss: { kind: 'logit', temperature } })

  it('alpha 0 is cross-entropy: the same weights to the bit as without a teacher', () => {
    const plain = compile(engine, { optimizer: momentum })
    const taught = distil(logitOf(0), { optimizer: momentum })
    try {
      plain.assign({ weights: weights(), masks: new Map() })
      start(taught, false)
      for (const step of [0, 1, 2]) {
        const input = { ...batch(step), learningRate: 0.05, seed: step }
        expect(taught.step(input).loss).toBe(plain.step(input).loss)
      }
      for (const name of Object.keys(graph.parameters)) expect(taught.read(name)).toEqual(plain.read(name))
    } finally {
      plain.dispose()
      taught.dispose()
    }
  })

  it('a student that is its teacher has nothing to learn from it', () => {
    // Without batch normalisation both modes are one: the student's pass is that of the teacher.
    const plain = withoutNorms()
    const values = new Map(
      Object.entries(plain.parameters).map(([name, { dims }], i) => [
        name,
        Float32Array.from(uniform(elementCount(dims), 8000 + i), value => value / 3),
      ]),
    )
    const model: Model = { architecture: 'plain', graph: plain, weights: values, masks: new Map() }
    const same = pairTaps(plain, plain)
    const identity = new Map(
      Object.entries(projectionParameters(same)).map(([name, { dims }]) => [
        name,
        Float32Array.from({ length: dims[0]! ** 2 }, (_, i) => (i % (dims[0]! + 1) === 0 ? 1 : 0)),
      ]),
    )
    for (const loss of [
      { kind: 'logit', temperature: 4 },
      { kind: 'feature', beta: 0.5, taps: same, scaling: false },
    ] as const) {
      const compiled = compileFor(plain, { distillation: { teacher: plain, alpha: 1, loss } })
      try {
        compiled.assign(model)
        compiled.assignTeacher(model, loss.kind === 'feature' ? identity : new Map())
        const samples = Uint8Array.from({ length: 4 * 192 }, (_, i) => (i * 37) % 256)
        const input = { samples, labels: Int32Array.of(0, 1, 2, 3), seed: 0 }
        const result = compiled.step({ ...input, learningRate: 0 })
        expect(Math.abs(result.loss)).toBeLessThan(1e-5)
        expect(result.gradientNorms.get('all')).toBeLessThan(1e-4)
      } finally {
        compiled.dispose()
      }
    }
  })

  it('at a high temperature the gradient by the logits is the centred difference over classes (Hinton, section 2)', () => {
    // The gradient by the last bias is the sum over the samples of that by the logits; mean over samples, so count cancels.
    const model = distil(logitOf(1, 1000), { optimizer: plainSgd })
    try {
      start(model, false)
      const { samples, labels } = batch(0)
      const gradient = model.gradients({ samples, labels, seed: 0 }, ['linear.bias']).get('linear.bias')!
      // A step of rate 0 changes nothing but running statistics; with rate 1 these become those of the batch.
      model.recalibrate(samples, labels.length, 1)
      const { student: own, teacher: taught } = model.predictBoth(samples, labels.length)
      const count = labels.length
      const centred = (values: Float32Array) =>
        Array.from({ length: 10 }, (_, c) => {
          let sum = 0
          for (let i = 0; i < count; i++) {
            const row = values.subarray(10 * i, 10 * i + 10)
            sum += row[c]! - row.reduce((a, b) => a + b, 0) / 10
          }
          return sum / count
        })
      const [s, t] = [centred(own), centred(taught)]
      // Evaluation mode has the unbiased variance, training the biased one: the rest of the difference.
      for (let c = 0; c < 10; c++) expect(Math.abs(gradient[c]! - (s[c]! - t[c]!) / 10)).toBeLessThan(5e-3)
    } finally {
      model.dispose()
    }
  })

  it('the teacher is as it was, to the bit, and what it says may be given instead of asked', () => {
    const setting = settings['feature-clipped-together']!
    const [asked, given] = [distil(setting), distil(setting)]
    try {
      const master = teacher()
      start(asked, true, master)
      start(given, true, master)
      for (const step of [0, 1, 2]) {
        const input = { ...batch(step), learningRate: 0.05, seed: step }
        const taught = given.teach(input.samples, input.labels.length)
        expect([...taught.keys()]).toEqual([wide.output.name, ...taps.map(tap => tap.teacher.value)])
        expect(given.step({ ...input, taught }).loss).toBe(asked.step(input).loss)
      }
      for (const name of student) expect(given.read(name)).toEqual(asked.read(name))
      for (const [name, values] of master.weights) expect(asked.readTeacher(master, name)).toEqual(values)
    } finally {
      asked.dispose()
      given.dispose()
    }
  })

  it('goes on to the same bits from its state, the projections in it', () => {
    const setting = settings['feature-clipped-together']!
    const model = distil(setting)
    const input = (step: number) => ({ ...batch(step), learningRate: 0.05, seed: step })
    try {
      start(model, true)
      model.step(input(0))
      const state = model.readState()
      expect([...extra].every(name => state.has(`parameter/${name}`) && state.has(`momentum/${name}`))).toBe(true)
      const first = model.step(input(1)).loss
      const after = model.readState()
      start(model, true)
      model.assignState(state)
      expect(model.step(input(1)).loss).toBe(first)
      expect(model.readState()).toEqual(after)
    } finally {
      model.dispose()
    }
  })
})

function compileFor(network: Graph, options: Pick<TrainingOptions, 'distillation'>): TrainableModel {
  return compile(engine, { ...options, optimizer: plainSgd }, network)
}

/** Two convolutions over 8x8 images, two taps. */
function withoutNorms(): Graph {
  const g = new GraphBuilder([3, 8, 8])
  let x = g.relu('relu1', g.conv('conv1', g.input, { out: 6, kernel: 3, padding: 1, bias: true }))
  x = g.relu('relu2', g.conv('conv2', x, { out: 8, kernel: 3, stride: 2, padding: 1, bias: true }))
  return g.build(g.gemm('linear', g.flatten('flatten', g.globalAveragePool('pool', x)), { out: 10 }))
}
