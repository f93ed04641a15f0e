import { describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { GraphBuilder } from '../../../src/core/graph/builder.ts'
import { graphCost, nonzeroMacs, prunableParameters } from '../../../src/core/graph/cost.ts'
import type { Graph, Model } from '../../../src/core/graph/model.ts'
import { inferShapes, validateGraph } from '../../../src/core/graph/shapes.ts'
import { validateModel } from '../../../src/core/graph/validate-model.ts'
import { initialise } from '../../../src/core/initialise.ts'

function tiny(): Graph {
  const g = new GraphBuilder([2, 4, 4])
  const c = g.conv('c', g.input, { out: 3, kernel: 3, padding: 1, bias: true })
  const sum = g.add('sum', g.relu('r', g.batchNorm('b', c)), c)
  return g.build(g.gemm('fc', g.flatten('f', g.globalAveragePool('p', sum)), { out: 5 }))
}

/** `tiny()` with one node changed. */
const changed = (name: string, change: object): Graph => {
  const graph = tiny()
  return { ...graph, nodes: graph.nodes.map(node => (node.name === name ? { ...node, ...change } : node)) }
}

/** Inputs of a batch norm that takes all it needs from the node `name`. */
const batchNormOf = (name: string) => [
  name,
  ...['weight', 'bias', 'running_mean', 'running_var'].map(part => `${name}.${part}`),
]

describe('shape inference', () => {
  it('gives the dims of every value, without batch', () => {
    expect(Object.fromEntries(inferShapes(tiny()))).toEqual({
      input: [2, 4, 4],
      c: [3, 4, 4],
      b: [3, 4, 4],
      r: [3, 4, 4],
      sum: [3, 4, 4],
      p: [3, 1, 1],
      f: [3],
      fc: [5],
    })
  })

  it('agrees with the builder on every value of a real network', () => {
    const graph = architectureOf('resnet20-a')
    const shapes = inferShapes(graph)
    expect(shapes.size).toBe(graph.nodes.length + 1)
    expect(shapes.get('layer3.2.relu2')).toEqual([64, 8, 8])
    expect(shapes.get('layer2.0.shortcut.pad')).toEqual([32, 16, 16])
  })

  it.each<[string, Graph, RegExp]>([
    ['an op that is not supported', changed('r', { op: 'Einsum' }), /"r" \(Einsum\).*not supported/],
    ['a name used twice', changed('r', { name: 'b' }), /"b".*same name/],
    ['an unknown attribute', changed('p', { attributes: { ceil_mode: 1 } }), /"p".*ceil_mode/],
    ['a value made later', changed('c', { inputs: ['fc', 'c.weight', 'c.bias'] }), /"c".*"fc"/],
    ['a parameter that is not there', changed('c', { inputs: ['input', 'c.kernel'] }), /"c".*c\.kernel/],
    ['a parameter in the wrong place', changed('fc', { inputs: ['f', 'fc.bias', 'fc.weight'] }), /"fc".*fc\.bias/],
    ['too few inputs', changed('b', { inputs: ['c', 'b.weight'] }), /"b".*inputs/],
    ['too many inputs', changed('r', { inputs: ['b', 'b.weight'] }), /"r".*inputs/],
    ['an output name that is taken', changed('r', { outputs: ['c'] }), /"r".*taken/],
    ['two outputs', changed('r', { outputs: ['r', 's'] }), /"r".*one output/],
    [
      'an idle parameter',
      { ...tiny(), parameters: { ...tiny().parameters, idle: { dims: [1], role: 'bias' } } },
      /"idle"/,
    ],
    [
      'a parameter of two nodes',
      changed('r', { op: 'BatchNormalization', inputs: batchNormOf('b') }),
      /"b.weight".*two/,
    ],
    ['an output nobody makes', { ...tiny(), output: { name: 'logits', dims: [5] } }, /"logits"/],
    ['an output of other dims', { ...tiny(), output: { name: 'fc', dims: [6] } }, /"fc" is 5.*6/],
  ])('refuses %s', (_what, graph, message) => {
    expect(() => validateGraph(graph)).toThrow(expect.objectContaining({ code: 'model.invalid' }))
    expect(() => validateGraph(graph)).toThrow(message)
  })
})

describe('cost', () => {
  it('counts parameters and MACs by hand', () => {
    const cost = graphCost(tiny())
    expect(cost).toMatchObject({ parameters: 54 + 3 + 6 + 15 + 5, prunable: 54 + 15, batchNorm: 6, macs: 54 * 16 + 15 })
    expect(cost.layers.map(({ name, parameters, macs }) => [name, parameters, macs])).toEqual([
      ['c', 57, 864],
      ['b', 6, 0],
      ['r', 0, 0],
      ['sum', 0, 0],
      ['p', 0, 0],
      ['f', 0, 0],
      ['fc', 20, 15],
    ])
    expect(cost.layers[0]!.kernel).toEqual({ name: 'c.weight', dims: [3, 2, 3, 3] })
    expect(prunableParameters(tiny())).toEqual(['c.weight', 'fc.weight'])
  })

  it('counts MACs of nonzero weights: a conv weight once a position', () => {
    const { layers, macs } = graphCost(tiny())
    expect(nonzeroMacs(layers, new Map())).toBe(macs)
    expect(
      nonzeroMacs(
        layers,
        new Map([
          ['c', 10],
          ['fc', 4],
        ]),
      ),
    ).toBe(44 * 16 + 11)
  })
})

describe('a model', () => {
  const graph = tiny()
  const model = (weights: [string, Float32Array][] = [], masks: [string, Uint8Array][] = []): Model => ({
    architecture: 'tiny',
    graph,
    weights: new Map([...initialise(graph, 0), ...weights]),
    masks: new Map(masks),
  })
  const fc = () => initialise(graph, 0).get('fc.weight')!

  it('with fresh weights is valid, and so is one with a mask that holds', () => {
    validateModel(model())
    const weights = fc().fill(0, 3, 5)
    validateModel(model([['fc.weight', weights]], [['fc.weight', new Uint8Array(15).fill(1).fill(0, 3, 5)]]))
  })

  it.each<[string, Model, RegExp]>([
    ['weights of another length', model([['fc.bias', new Float32Array(4)]]), /"fc.bias" has 4/],
    ['NaN', model([['fc.bias', new Float32Array(5).fill(Number.NaN, 2)]]), /"fc.bias" holds NaN at index 2/],
    ['infinity', model([['b.weight', new Float32Array(3).fill(Infinity)]]), /"b.weight" holds Infinity at index 0/],
    [
      'a negative variance',
      model([['b.running_var', new Float32Array(3).fill(1).fill(-0.5, 1)]]),
      /"b.running_var" holds the negative variance -0.5 at index 1/,
    ],
    ['a mask on a bias', model([], [['fc.bias', new Uint8Array(5)]]), /mask for "fc.bias"/],
    ['a mask of another length', model([], [['fc.weight', new Uint8Array(5)]]), /mask of "fc.weight" has 5/],
    ['a mask that does not hold', model([], [['fc.weight', new Uint8Array(15)]]), /mask of "fc.weight".*index 0/],
    ['a mask entry that is neither', model([], [['fc.weight', new Uint8Array(15).fill(2)]]), /mask of "fc.weight"/],
  ])('with %s is refused', (_what, bad, message) => {
    expect(() => validateModel(bad)).toThrow(expect.objectContaining({ code: 'model.invalid' }))
    expect(() => validateModel(bad)).toThrow(message)
  })

  it('without some weights is refused', () => {
    const weights = new Map(initialise(graph, 0))
    weights.delete('c.bias')
    expect(() => validateModel({ ...model(), weights })).toThrow(/"c.bias" are missing/)
  })
})
