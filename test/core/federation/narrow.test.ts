import { describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { combine, combineModels, combineParts } from '../../../src/core/federation/aggregate.ts'
import { gather, narrowPart, scatter } from '../../../src/core/federation/narrow.ts'
import { elementCount } from '../../../src/core/graph/dims.ts'
import { createRandom } from '../../../src/core/random.ts'

const count = (part: Uint8Array) => part.reduce((sum, held) => sum + held, 0)

describe('a narrower part', () => {
  it('has the first channels of every layer, and of each weight what joins two of them', () => {
    const part = narrowPart(architectureOf('lenet5'), 0.3)
    // 1 -> 20 channels of which 6, 5x5; 20 -> 50 of which 15; 50 x 4 x 4 features, 500 of which 150; ten classes, all.
    const sizes = [...part].map(([name, held]) => [name, count(held)])
    expect(Object.fromEntries(sizes)).toMatchObject({
      'conv1.weight': 6 * 25,
      'conv2.weight': 15 * 6 * 25,
      'fc1.weight': 150 * 15 * 16,
      'fc2.weight': 10 * 150,
      'fc2.bias': 10,
    })
    // Features of a channel stand together: of each row those of the first 15 channels.
    const first = part.get('fc1.weight')!.subarray(0, 800)
    expect(first.subarray(0, 15 * 16).every(held => held === 1)).toBe(true)
    expect(first.subarray(15 * 16).every(held => held === 0)).toBe(true)
  })

  it('is the network of that width, where there is one', () => {
    const [wide, plain] = [architectureOf('resnet14-b-w3'), architectureOf('resnet14-b')]
    const part = narrowPart(wide, 1 / 3)
    expect([...part.keys()]).toEqual(Object.keys(wide.parameters))
    for (const [name, held] of part) expect(count(held), name).toBe(elementCount(plain.parameters[name]!.dims))
  })

  it('follows channels that a shortcut carries on, where its zeros put them', () => {
    const part = narrowPart(architectureOf('resnet8-a'), 0.25)
    // 4 of 16 channels go to places 8 to 11 of 32, where 8 are held: the next block reads those and the first 8.
    const reads = part.get('layer3.0.conv1.weight')!
    const channels = Array.from({ length: 32 }, (_, i) => reads[i * 9])
    expect(channels.flatMap((held, i) => (held ? [i] : []))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(count(part.get('layer2.0.bn2.weight')!)).toBe(8)
  })

  it('goes through filters of groups and through what DenseNets join', () => {
    const mobile = narrowPart(architectureOf('mobilenet-v1-cifar'), 0.5)
    const [depthwise, pointwise] = [...mobile]
      .filter(([name]) => /conv/.test(name) && name.endsWith('weight'))
      .slice(1, 3)
    expect([count(depthwise![1]), count(pointwise![1])]).toEqual([16 * 9, 32 * 16])
    const dense = narrowPart(architectureOf('densenet121-k12'), 0.5)
    // The second layer reads the first layer's 12 channels, of which 6 are held, and behind them the stem's 24, of which 12.
    const reads = dense.get('dense1.1.bn1.weight')!
    expect(reads).toEqual(Uint8Array.from({ length: 36 }, (_, i) => Number(i < 6 || (i >= 12 && i < 24))))
  })

  it('grows with the width up to the whole', () => {
    for (const id of ['resnet8-a', 'resnet8-b', 'densenet121-k12', 'lenet5']) {
      const graph = architectureOf(id)
      const parts = [0.2, 0.6, 1].map(width => narrowPart(graph, width))
      for (const name of Object.keys(graph.parameters)) {
        const [small, middle, whole] = parts.map(part => part.get(name)!)
        expect(whole!.includes(0), name).toBe(false)
        expect(small!.includes(1), name).toBe(true)
        expect(
          small!.every((held, i) => held <= middle![i]!),
          name,
        ).toBe(true)
      }
    }
  })

  it.each(['resnet8-a+gate0.7', 'fastgrnn-80'])('there is none of %s, and it is said', id => {
    expect(() => narrowPart(architectureOf(id), 0.5)).toThrow(expect.objectContaining({ code: 'model.invalid' }))
  })

  it('is taken out and put back', () => {
    const part = Uint8Array.of(1, 0, 0, 1, 1)
    const held = gather(Float32Array.of(1, 2, 3, 4, 5), part)
    expect(held).toEqual(Float32Array.of(1, 4, 5))
    expect(scatter(held, part)).toEqual(Float32Array.of(1, 0, 0, 4, 5))
  })
})

describe('parts together', () => {
  it('are the mean over those that hold an entry, and nobody changes what nobody holds', () => {
    const base = Float32Array.of(10, 10, 10)
    const [one, two] = [Float32Array.of(1, 2, 7), Float32Array.of(5, 8, 7)]
    const parts = [Uint8Array.of(1, 1, 0), Uint8Array.of(1, 0, 0)]
    // A quarter and three quarters of the samples: 1/4 x 1 + 3/4 x 5, then the first alone, then none.
    expect(combineParts(base, [one, two], [0.25, 0.75], parts)).toEqual(Float32Array.of(4, 2, 10))
    const models = [one, two].map(values => new Map([['w', values]]))
    const held = parts.map(part => new Map([['w', part]]))
    expect(combineModels(new Map([['w', base]]), models, [0.25, 0.75], held).get('w')).toEqual(
      Float32Array.of(4, 2, 10),
    )
  })

  it('are the plain mean where all hold everything', () => {
    const random = createRandom(1)
    const tensor = () => Float32Array.from({ length: 500 }, () => random.normal())
    const [base, values] = [tensor(), [tensor(), tensor(), tensor()]]
    const whole = values.map(() => new Uint8Array(500).fill(1))
    const [parts, plain] = [combineParts(base, values, [0.2, 0.3, 0.5], whole), combine(base, values, [0.2, 0.3, 0.5])]
    for (const [i, value] of parts.entries()) expect(value).toBeCloseTo(plain[i]!, 6)
  })
})
