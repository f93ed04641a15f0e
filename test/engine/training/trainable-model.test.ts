import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import type { Graph } from '../../../src/core/graph/model.ts'
import { initialise } from '../../../src/core/initialise.ts'
import { normalization } from '../../../src/core/normalization.ts'
import { trainables } from '../../../src/core/training/trainables.ts'
import { TrainableModel, type TrainingOptions, type TrainingState } from '../../../src/engine/compile/training.ts'
import { writeTrainingPass } from '../../../src/engine/compile/training-pass.ts'
import { type Engine, loadEngine } from '../../../src/engine/runtime/load.ts'
import { GraphWriter } from '../../../src/engine/tensorflow/graph-writer.ts'
import { batch, compile, graph, kernels, masks, momentum, plainSgd, trainable, weights } from './small-network.ts'

let engine: Engine
beforeAll(async () => {
  engine = await loadEngine()
})

const noMasks = new Map<string, Uint8Array>()
const adamw = { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 } as const

/** A model with the weights of the fixture, disposed at the end. */
function withModel<T>(options: Partial<TrainingOptions>, use: (model: TrainableModel) => T, kept = noMasks): T {
  const model = compile(engine, options)
  try {
    model.assign({ weights: weights(), masks: kept })
    return use(model)
  } finally {
    model.dispose()
  }
}

function train(model: TrainableModel, from: number, to: number, learningRate = 0.01): number[] {
  const losses: number[] = []
  for (let step = from; step < to; step++) {
    const { samples, labels } = batch(step)
    losses.push(model.step({ samples, labels, learningRate, seed: step }).loss / labels.length)
  }
  return losses
}

function expectSameState(actual: TrainingState, expected: TrainingState): void {
  expect([...actual.keys()]).toEqual([...expected.keys()])
  for (const [key, values] of expected) expect(actual.get(key), key).toEqual(values)
}

describe('state', () => {
  it.each([
    { name: 'SGD', options: { optimizer: momentum } },
    { name: 'AdamW with masks', options: { optimizer: adamw, masked: new Set(kernels) }, kept: masks() },
  ])('$name goes on to the same bits', ({ options, kept }) => {
    const [halfway, end] = withModel(
      options,
      model => {
        train(model, 0, 3)
        const state = model.readState()
        train(model, 3, 7)
        return [state, model.readState()] as const
      },
      kept,
    )
    expect(halfway.get('optimizer/steps')).toEqual(Float32Array.of(3))
    expect(end.get('optimizer/steps')).toEqual(Float32Array.of(7))
    // Another session that has done something else before.
    withModel(options, model => {
      train(model, 5, 7, 0.1)
      model.assignState(halfway)
      expectSameState(model.readState(), halfway)
      train(model, 3, 7)
      expectSameState(model.readState(), end)
    })
  })

  it('names everything once', () => {
    const names = trainable.map(([name]) => name)
    const sets = { masked: new Set(kernels), updateMasked: new Set(['linear.bias']) }
    const state = withModel({ optimizer: adamw, ...sets }, model => model.readState())
    expect([...state.keys()].toSorted()).toEqual(
      [
        'optimizer/steps',
        ...Object.keys(graph.parameters).map(name => `parameter/${name}`),
        ...kernels.map(name => `mask/${name}`),
        'update-mask/linear.bias',
        ...names.flatMap(name => [`first-moment/${name}`, `second-moment/${name}`]),
      ].toSorted(),
    )
    for (const [name, values] of weights()) expect(state.get(`parameter/${name}`), name).toEqual(values)
  })

  it('of something else is refused', () => {
    const state = withModel({ optimizer: momentum }, model => model.readState())
    const refused = expect.objectContaining({ code: 'model.invalid' })
    withModel({ optimizer: adamw }, model => expect(() => model.assignState(state)).toThrow(refused))
    withModel({ optimizer: momentum, masked: new Set(kernels) }, model =>
      expect(() => model.assignState(state)).toThrow(refused),
    )
    withModel({ optimizer: momentum }, model => {
      const short = new Map(state).set('parameter/conv1.weight', new Float32Array(5))
      expect(() => model.assignState(short)).toThrow(/"parameter\/conv1.weight" has 5 values, 432 are needed/)
      expect(() => model.assignState(new Map(state).set('more', new Float32Array(1)))).toThrow(refused)
      expectSameState(model.readState(), state)
    })
  })

  it('does not live in the arrays that it was given', () => {
    withModel({ optimizer: momentum }, model => {
      // TensorFlow reads an array in place where it is aligned as it likes: try every alignment there is.
      for (let alignment = 0; alignment < 64; alignment += 4) {
        const own = new Map(
          [...weights()].map(([name, values]) => {
            const copy = new Float32Array(new ArrayBuffer(values.byteLength + 64), alignment, values.length)
            copy.set(values)
            return [name, copy]
          }),
        )
        model.assign({ weights: own, masks: noMasks })
        train(model, 0, 2)
        for (const [name, values] of weights()) expect(own.get(name), name).toEqual(values)
      }
    })
  })

  it('begins anew with other weights', () => {
    withModel({ optimizer: momentum }, model => {
      const fresh = model.readState()
      train(model, 0, 2)
      model.assign({ weights: weights(), masks: noMasks })
      expectSameState(model.readState(), fresh)
    })
  })
})

describe('masks', () => {
  it('that come later zero weights and what the optimizer remembers, and hold', () => {
    const kept = masks()
    withModel({ optimizer: { ...momentum, nesterov: true }, masked: new Set(kernels) }, model => {
      train(model, 0, 3)
      const before = model.readState()
      model.assignMasks(kept)
      const after = model.readState()
      for (const [key, values] of before) {
        const [kind, name] = key.split('/') as [string, string]
        const mask = kept.get(name)
        const expected = mask && kind !== 'mask' ? values.map((value, i) => (mask[i] === 0 ? 0 : value)) : values
        expect(after.get(key), key).toEqual(kind === 'mask' ? Float32Array.from(mask!) : expected)
      }
      for (let step = 3; step < 8; step++) {
        train(model, step, step + 1)
        const state = model.readState()
        for (const [name, mask] of kept)
          for (const kind of ['parameter', 'momentum'])
            expect(state.get(`${kind}/${name}`)!.every((value, i) => mask[i] === 1 || Object.is(value, 0))).toBe(true)
      }
    })
  })

  it('that a step would not keep are refused', () => {
    const [first, ...others] = kernels
    withModel({ masked: new Set(others) }, model => {
      const mask = new Map([[first!, new Uint8Array(432)]])
      expect(() => model.assignMasks(mask)).toThrow(`"${first}"`)
      expect(() => model.assign({ weights: weights(), masks: mask })).toThrow(`"${first}"`)
    })
  })
})

describe('update masks', () => {
  const every = new Set(trainable.map(([name]) => name))
  /** Every other entry of everything. */
  const half = (first: 0 | 1) =>
    new Map([...every].map(name => [name, Uint8Array.from(weights().get(name)!, (_, i) => (i + first) % 2)]))
  const slotsOf = { sgd: ['momentum'], adamw: ['first-moment', 'second-moment'] } as const

  it.each([{ ...momentum, nesterov: true }, adamw])('freeze to the bit, whatever $kind remembers', optimizer => {
    withModel({ optimizer, updateMasked: every }, model => {
      train(model, 0, 2)
      for (const mask of [half(0), half(1)]) {
        model.assignUpdateMasks(mask)
        const before = model.readState()
        train(model, 2, 4)
        const after = model.readState()
        for (const name of every)
          for (const kind of ['parameter', ...slotsOf[optimizer.kind]]) {
            const [was, is] = [before, after].map(state => state.get(`${kind}/${name}`)!)
            const frozen = mask.get(name)!
            expect(is!.filter((_, i) => frozen[i] === 0)).toEqual(was!.filter((_, i) => frozen[i] === 0))
            expect(is!.filter((_, i) => frozen[i] === 1)).not.toEqual(was!.filter((_, i) => frozen[i] === 1))
          }
        const statistic = 'parameter/bn1.running_mean'
        expect(after.get(statistic)).not.toEqual(before.get(statistic))
      }
    })
  })

  it('of ones change nothing, and go with the state', () => {
    const plain = withModel({ optimizer: momentum }, model => [train(model, 0, 3), model.readState()] as const)
    withModel({ optimizer: momentum, updateMasked: every }, model => {
      expect(train(model, 0, 3)).toEqual(plain[0])
      const state = model.readState()
      for (const [key, values] of plain[1]) expect(state.get(key), key).toEqual(values)
      model.assignUpdateMasks(half(0))
      const halved = model.readState()
      train(model, 3, 5)
      const end = model.readState()
      model.assignState(state)
      train(model, 3, 4)
      model.assignState(halved)
      train(model, 3, 5)
      expectSameState(model.readState(), end)
    })
  })

  it('that a step would not heed are refused', () => {
    withModel({ updateMasked: new Set(['linear.weight']) }, model =>
      expect(() => model.assignUpdateMasks(new Map([['linear.bias', new Uint8Array(10)]]))).toThrow('"linear.bias"'),
    )
  })
})

describe('gradients', () => {
  it('are what plain SGD subtracts, and change nothing', () => {
    withModel({ optimizer: plainSgd, labelSmoothing: 0.1 }, model => {
      const before = model.readState()
      const names = ['conv1.weight', 'layer2.0.bn1.weight', 'linear.bias']
      const gradients = model.gradients({ ...batch(0), seed: 0 }, names)
      expect([...gradients.keys()]).toEqual(names)
      expectSameState(model.readState(), before)
      train(model, 0, 1, 0.5)
      for (const [name, gradient] of gradients) {
        const expected = before.get(`parameter/${name}`)!.map((weight, i) => weight - 0.5 * gradient[i]!)
        for (const [i, value] of model.read(name).entries()) expect(value).toBeCloseTo(expected[i]!, 6)
      }
    })
  })

  it('are there for trained parameters only', () => {
    withModel({ trained: new Set(['linear.weight']) }, model =>
      expect(() => model.gradients({ ...batch(0), seed: 0 }, ['conv1.weight'])).toThrow(
        '"conv1.weight" is not trained',
      ),
    )
  })
})

class CountingWriter extends GraphWriter {
  readonly counts = new Map<string, number>()

  override node(...args: Parameters<GraphWriter['node']>) {
    this.counts.set(args[0], (this.counts.get(args[0]) ?? 0) + 1)
    return super.node(...args)
  }
}

describe('what is frozen', () => {
  function backwardOps(trained: readonly string[], of: Graph = graph): Record<string, number> {
    const writer = new CountingWriter(engine.protos)
    const { output } = of
    const variables = Object.entries(of.parameters).map(([name, { dims }]) => [
      name,
      writer.placeholder(name, 'float32', dims),
    ])
    const pass = writeTrainingPass(writer, of, {
      input: writer.placeholder('x', 'float32', [-1, 32, 32, 3]),
      parameters: new Map(variables as [string, ReturnType<GraphWriter['placeholder']>][]),
      trained: new Set(trained),
      seed: writer.ints([0], []),
    })
    const gradients = pass.backward(new Map([[output.name, writer.placeholder('dy', 'float32', [-1, 10])]]))
    expect(new Set(gradients.keys())).toEqual(new Set(trained))
    return Object.fromEntries(writer.counts)
  }
  const names = trainable.map(([name]) => name)

  it.each([
    // The first layer has no gradient by its input.
    { what: 'nothing', trained: names, filters: 7, inputs: 6, norms: 7 },
    { what: 'all but the classifier', trained: ['linear.weight', 'linear.bias'], filters: 0, inputs: 0, norms: 0 },
    {
      what: 'all in front of the last stage',
      trained: names.filter(name => /^layer3|linear/.test(name)),
      filters: 2,
      inputs: 1,
      norms: 2,
    },
    {
      what: 'all but batch normalisation',
      trained: names.filter(name => name.includes('bn')),
      filters: 0,
      inputs: 6,
      norms: 7,
    },
  ])('has no backward pass: $what', ({ trained, filters, inputs, norms }) => {
    const counts = backwardOps(trained)
    expect(counts['Conv2DBackpropFilter'] ?? 0).toBe(filters)
    expect(counts['Conv2DBackpropInput'] ?? 0).toBe(inputs)
    expect(counts['FusedBatchNormGradV3'] ?? 0).toBe(norms)
  })

  it('does not change, and its statistics do', () => {
    const trained = new Set(['linear.weight', 'linear.bias'])
    withModel({ optimizer: momentum, trained }, model => {
      train(model, 0, 2)
      for (const [name, before] of weights()) {
        const isStatistic = name.includes('running')
        const hasChanged = trained.has(name) || isStatistic
        if (hasChanged) expect(model.read(name), name).not.toEqual(before)
        else expect(model.read(name), name).toEqual(before)
      }
    })
  })

  it.each([
    { trained: new Set(['bn1.running_mean']), problem: '"bn1.running_mean"' },
    { trained: new Set(['nothing']), problem: '"nothing"' },
    { masked: new Set(['bn1.weight']), problem: '"bn1.weight"' },
    { trained: new Set(['linear.bias']), updateMasked: new Set(['linear.weight']), problem: '"linear.weight"' },
    {
      groups: ['a', 'b'].map(name => ({ name, parameters: new Set(['linear.weight']), maxNorm: 1 })),
      problem: 'clipped in two groups',
    },
  ])('wrong sets are refused: $problem', ({ problem, ...options }) => {
    expect(() => compile(engine, options)).toThrow(problem)
  })
})

describe('a deep network', () => {
  it('compiles, and learns with batch norm alone', () => {
    const id = 'resnet110-b'
    const network = architectureOf(id)
    const { parameters: trained } = trainables.batchnorm({ architecture: id, graph: network, masks: noMasks }, 0)
    const deep = new TrainableModel(engine, network, {
      sampleType: 'uint8',
      normalization: normalization('imagenet', 3),
      precision: 'f32',
      optimizer: momentum,
      labelSmoothing: 0,
      trained,
    })
    try {
      const before = initialise(network, 1, 'uniform')
      deep.assign({ weights: before, masks: noMasks })
      const { samples, labels } = batch(9)
      for (let seed = 0; seed < 2; seed++) {
        const { loss, gradientNorms } = deep.step({ samples, labels, learningRate: 0.1, seed })
        expect([loss / labels.length, ...gradientNorms.values()].every(value => value > 0 && value < 1000)).toBe(true)
      }
      const after = deep.readAll()
      expect([...after.keys()]).toEqual(Object.keys(network.parameters))
      for (const [name, { role }] of Object.entries(network.parameters))
        if (role === 'weight' || role === 'bias') expect(after.get(name), name).toEqual(before.get(name))
        else expect(after.get(name), name).not.toEqual(before.get(name))
    } finally {
      deep.dispose()
    }
  })
})

describe('a loss that is not finite', () => {
  it('throws and changes nothing', () => {
    withModel({ optimizer: adamw, masked: new Set(kernels) }, model => {
      train(model, 0, 2)
      const state = new Map(model.readState())
      const broken = state.get('parameter/linear.bias')!.with(3, Number.NaN)
      state.set('parameter/linear.bias', broken)
      model.assignState(state)
      const failure = expect.objectContaining({ code: 'run.not-finite' })
      expect(() => train(model, 2, 3)).toThrow(failure)
      expect(() => model.gradients({ ...batch(2), seed: 0 }, ['linear.bias'])).toThrow(failure)
      expectSameState(model.readState(), state)
    })
  })

  it('comes from a learning rate that is too large', () => {
    withModel({ optimizer: momentum }, model =>
      expect(() => train(model, 0, 10, 1e30)).toThrow(expect.objectContaining({ code: 'run.not-finite' })),
    )
  })
})

describe('dropout', () => {
  const network = architectureOf('wrn-10-1')
  const { samples, labels } = batch(0)
  const run = (seeds: readonly number[]) => {
    const model = new TrainableModel(engine, network, {
      sampleType: 'uint8',
      normalization: normalization('imagenet', 3),
      precision: 'f32',
      optimizer: plainSgd,
      labelSmoothing: 0,
    })
    try {
      model.assign({ weights: initialise(network, 1), masks: noMasks })
      return seeds.map(seed => model.step({ samples, labels, learningRate: 0, seed }).loss)
    } finally {
      model.dispose()
    }
  }

  it('follows from the seed', () => {
    expect(network.nodes.some(({ op }) => op === 'Dropout')).toBe(true)
    const [a, b, c, large] = run([1, 2, 1, 0xfffffff0])
    expect(a).toBe(c)
    expect(a).not.toBe(b)
    expect(large).not.toBe(a)
    expect(run([2, 1])).toEqual([b, a])
  })
})

describe('bf16', () => {
  it('trains as f32 does, a little less exactly', () => {
    const losses = (precision: 'f32' | 'bf16') =>
      withModel({ optimizer: momentum, precision }, model => train(model, 0, 10))
    const [exact, rounded] = [losses('f32'), losses('bf16')]
    expect(rounded[0]! / exact[0]!).toBeCloseTo(1, 2)
    for (const [step, loss] of rounded.entries())
      expect(Math.abs(loss / exact[step]! - 1), `step ${step}`).toBeLessThan(0.05)
    expect(rounded).not.toEqual(exact)
  })

  it('leaves evaluation as it is', () => {
    const { samples, labels } = batch(1)
    const score = (precision: 'f32' | 'bf16') => withModel({ precision }, model => model.evaluate(samples, labels))
    expect(score('bf16')).toEqual(score('f32'))
  })
})

describe('batches', () => {
  it('may have any size from step to step', () => {
    withModel({ optimizer: momentum }, model => {
      const { samples, labels } = batch(0)
      for (const count of [16, 1, 5, 16, 2]) {
        const part = { samples: samples.slice(0, count * 3072), labels: labels.slice(0, count) }
        const { loss, correct } = model.step({ ...part, learningRate: 0.001, seed: 0 })
        expect(loss / count).toBeGreaterThan(0)
        expect(correct).toBeLessThanOrEqual(count)
      }
    })
  })

  it('count what is right in training mode', () => {
    withModel({ optimizer: momentum }, model => {
      let correct = 0
      for (let i = 0; i < 30; i++) correct = model.step({ ...batch(0), learningRate: 0.05, seed: i }).correct
      expect(correct).toBe(16)
    })
  })
})

describe('two processes', () => {
  it('come to the same bits, all threads at work', async () => {
    const script = fileURLToPath(new URL('hash-of-run.ts', import.meta.url))
    const run = () => promisify(execFile)(process.execPath, [script, '25', 'f32'])
    // At once, so that they get in each other's way.
    const [a, b] = await Promise.all([run(), run()])
    expect(a.stdout).toMatch(/^[0-9a-f]{64}\n$/)
    expect(b.stdout).toBe(a.stdout)
  })
})
