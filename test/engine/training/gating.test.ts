/** Networks with gates beside the same in PyTorch, float64 (test/fixtures/generate/gating.py), and what gates must and must not do. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { elementCount } from '../../../src/core/graph/dims.ts'
import type { Graph } from '../../../src/core/graph/model.ts'
import { normalization } from '../../../src/core/normalization.ts'
import { TrainableModel, type TrainingOptions } from '../../../src/engine/compile/training.ts'
import { type Engine, loadEngine } from '../../../src/engine/runtime/load.ts'
import { batch, compile, momentum, plainSgd, uniform, weights } from './small-network.ts'

interface Recorded {
  readonly losses: readonly number[]
  readonly logits: readonly number[]
  readonly weights: Readonly<Record<string, readonly [sum: number, norm: number, last: number]>>
}
const { runs }: { runs: Record<string, Recorded> } = JSON.parse(
  readFileSync(new URL('../../fixtures/engine/gating.json', import.meta.url), 'utf8'),
)

let engine: Engine
beforeAll(async () => {
  engine = await loadEngine()
})

const gated = (keep: number) => architectureOf(`resnet8-a+gate${keep}`)

function gatedWeights(graph: Graph): Map<string, Float32Array> {
  const all = weights()
  const own = Object.entries(graph.parameters).filter(([name]) => name.includes('.gate.'))
  for (const [stream, [name, { role, dims }]] of own.entries()) {
    const values = uniform(elementCount(dims), 5000 + stream)
    const bound = Math.fround(Math.sqrt(6 / dims.at(-1)!))
    all.set(
      name,
      Float32Array.from(values, value => (role === 'gate' ? value * bound : 1 + value / 4)),
    )
  }
  return all
}

function compileGated(graph: Graph, options: Partial<TrainingOptions> = {}): TrainableModel {
  return new TrainableModel(engine, graph, {
    sampleType: 'uint8',
    normalization: normalization('imagenet', 3),
    precision: 'f32',
    optimizer: plainSgd,
    labelSmoothing: 0,
    ...options,
  })
}

describe('ten steps with gates give the losses, weights and logits of PyTorch', () => {
  it.each(Object.entries(runs))('that keep %s of the channels', (keep, recorded) => {
    const graph = gated(Number(keep))
    const model = compileGated(graph, { optimizer: momentum })
    try {
      model.assign({ weights: gatedWeights(graph), masks: new Map() })
      for (const [step, expected] of recorded.losses.entries()) {
        const { loss } = model.step({ ...batch(step), learningRate: 0.01 * (1 - step / 20), seed: 0 })
        expect(Math.abs(loss / expected - 1), `loss of step ${step}`).toBeLessThan(1e-3)
      }
      for (const [name, [, norm, last]] of Object.entries(recorded.weights)) {
        const values = model.read(name)
        expect(Math.abs(Math.hypot(...values) - norm), `norm of ${name}`).toBeLessThan(2e-3 * norm)
        expect(Math.abs(values.at(-1)! - last), `last of ${name}`).toBeLessThan(2e-3 * Math.max(1, Math.abs(last)))
      }
      // Gates work when testing too.
      const logits = model.predict(batch(0).samples.subarray(0, 4 * 3072), 4)
      for (const [i, expected] of recorded.logits.entries()) expect(Math.abs(logits[i]! - expected)).toBeLessThan(1e-2)
    } finally {
      model.dispose()
    }
  })
})

it('is the plain network to the bit where every gate is open and 1', () => {
  const graph = gated(1)
  const [plain, model] = [compile(engine), compileGated(graph)]
  try {
    const open = new Map(weights())
    for (const [name, { role, dims }] of Object.entries(graph.parameters))
      if (name.includes('.gate.')) open.set(name, new Float32Array(elementCount(dims)).fill(role === 'gate' ? 0 : 1))
    plain.assign({ weights: weights(), masks: new Map() })
    model.assign({ weights: open, masks: new Map() })
    const { samples, labels } = batch(0)
    expect(model.predict(samples, labels.length)).toEqual(plain.predict(samples, labels.length))
    const input = { samples, labels, seed: 0 }
    const names = [...weights().keys()].filter(name => !name.includes('running'))
    const [expected, found] = [plain.gradients(input, names), model.gradients(input, names)]
    for (const name of names) expect(found.get(name)).toEqual(expected.get(name))
  } finally {
    plain.dispose()
    model.dispose()
  }
})

it('gives what a gate has closed for every sample no gradient at all, and the rest one', () => {
  const graph = gated(0.5)
  const model = compileGated(graph)
  try {
    const all = gatedWeights(graph)
    // No channel of this convolution depends on the sample: the first 8 of 16 are the most salient.
    const gate = 'layer1.0.conv1.gate'
    all.set(`${gate}.weight`, new Float32Array(16 * 16))
    all.set(
      `${gate}.bias`,
      Float32Array.from({ length: 16 }, (_, channel) => 2 - channel / 16),
    )
    model.assign({ weights: all, masks: new Map() })
    const names = [
      'layer1.0.conv1.weight',
      'layer1.0.bn1.weight',
      'layer1.0.bn1.bias',
      `${gate}.weight`,
      `${gate}.bias`,
    ]
    const gradients = model.gradients({ ...batch(0), seed: 0 }, names)
    for (const name of names) {
      const gradient = gradients.get(name)!
      const half = gradient.length / 2
      expect(
        gradient.subarray(half).every(value => value === 0),
        name,
      ).toBe(true)
      expect(gradient.subarray(0, half).filter(value => value !== 0).length, name).toBeGreaterThan(0.9 * half)
    }
    // What follows reads zeros there.
    const next = model.gradients({ ...batch(0), seed: 0 }, ['layer1.0.conv2.weight']).get('layer1.0.conv2.weight')!
    const isClosed = (i: number) => Math.floor(i / 9) % 16 >= 8
    expect(next.every((value, i) => !isClosed(i) || value === 0)).toBe(true)
  } finally {
    model.dispose()
  }
})
