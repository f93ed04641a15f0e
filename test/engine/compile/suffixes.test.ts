import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import { GraphBuilder } from '../../../src/core/graph/builder.ts'
import { graphCost, prunableLayers } from '../../../src/core/graph/cost.ts'
import { elementCount } from '../../../src/core/graph/dims.ts'
import type { Graph } from '../../../src/core/graph/model.ts'
import { CompiledModel } from '../../../src/engine/compile/compiled-model.ts'
import { suffixes } from '../../../src/engine/compile/suffixes.ts'
import { type Engine, loadEngine } from '../../../src/engine/runtime/load.ts'
import { trained } from '../distortion/networks.ts'
import { expectClose, randomValues } from '../tensorflow/single-op.ts'

let engine: Engine
const open: CompiledModel[] = []
beforeAll(async () => {
  engine = await loadEngine()
})
afterAll(() => {
  for (const model of open) model.dispose()
})

/** Branches that do not see each other, a layer that is read twice, values that are put together. */
function branches(): Graph {
  const g = new GraphBuilder([3, 8, 8])
  const stem = g.relu('relu0', g.batchNorm('bn0', g.conv('stem', g.input, { out: 4, kernel: 3, padding: 1 })))
  const left = g.batchNorm('bn1', g.conv('left', stem, { out: 4, kernel: 3, padding: 1 }))
  const right = g.relu('relu2', g.batchNorm('bn2', g.conv('right', stem, { out: 4, kernel: 1 })))
  const deep = g.relu('relu3', g.conv('deep', right, { out: 4, kernel: 3, padding: 1 }))
  const joined = g.concat('join', [g.add('sum', left, deep), right])
  const pooled = g.flatten('flatten', g.globalAveragePool('pool', joined))
  return g.build(g.gemm('classifier', pooled, { out: 5 }))
}

const graphs: Record<string, () => Graph> = {
  branches,
  'resnet8-a': () => architectureOf('resnet8-a'),
  'resnet8-b': () => architectureOf('resnet8-b'),
  lenet5: () => architectureOf('lenet5'),
  'fastgrnn-8': () => architectureOf('fastgrnn-8', { classes: 4, inputDims: [6, 3] }),
}

describe.each(Object.entries(graphs))('suffixes of %s', (_, build) => {
  it('give the logits of the whole pass with that kernel, whichever layer has another one', () => {
    const graph = build()
    const model = trained(graph, 1)
    const compiled = new CompiledModel(engine, graph, {
      sampleType: 'float32',
      normalization: { mean: [0], std: [1] },
    })
    open.push(compiled)
    compiled.assign(model)
    const count = 3
    const samples = randomValues(count * elementCount(graph.input.dims), 4)
    const whole = compiled.predict(samples, count)
    const output = graph.output.name
    const parts = suffixes(graph)
    expect(parts.map(({ name, kernel }) => ({ name, kernel }))).toEqual(prunableLayers(graph))
    let given: Parameters<CompiledModel['runPart']>[0] = { samples: { samples, count } }
    for (const { kernel, state, inputs } of parts) {
      const values = compiled.runPart(given, [...state, ...inputs])
      given = { values: new Map(state.map(name => [name, values.get(name)!])) }
      const suffix = new Map(inputs.map(name => [name, values.get(name)!]))
      const same = compiled.runPart({ values: suffix }, [output]).get(output)!
      expectClose(same.values as Float32Array, whole, 1e-5)
      const pruned = model.weights.get(kernel)!.map((weight, i) => (i % 3 === 0 ? 0 : weight))
      const parameters = new Map([[kernel, pruned]])
      const changed = compiled.runPart({ values: suffix, parameters }, [output]).get(output)!
      compiled.assign({ ...model, weights: new Map([...model.weights, [kernel, pruned]]) })
      const expected = compiled.predict(samples, count)
      compiled.assign(model)
      expectClose(changed.values as Float32Array, expected, 1e-5)
      expect(expected).not.toEqual(whole)
    }
    // What was given for a call is gone after it.
    expect(compiled.predict(samples, count)).toEqual(whole)
  })
})

describe('what a layer reaches', () => {
  it('leaves out the branches beside it (by hand)', () => {
    const parts = new Map(suffixes(branches()).map(part => [part.name, part]))
    expect(parts.get('stem')).toMatchObject({ state: ['input'], inputs: ['input'] })
    expect(parts.get('left')!.inputs).toEqual(['relu0', 'relu3', 'relu2'])
    expect(parts.get('right')!.inputs).toEqual(['relu0', 'bn1'])
    expect(parts.get('deep')!.inputs).toEqual(['relu2', 'bn1'])
    expect(parts.get('classifier')!.inputs).toEqual(['flatten'])
    const macs = new Map(graphCost(branches()).layers.map(layer => [layer.name, layer.macs]))
    expect(parts.get('left')!.macs).toBe(macs.get('left')! + macs.get('classifier')!)
    expect(parts.get('right')!.macs).toBe(macs.get('right')! + macs.get('deep')! + macs.get('classifier')!)
  })

  it('is about half of a ResNet, on average', () => {
    const graph = architectureOf('resnet20-a')
    const parts = suffixes(graph)
    expect(parts[0]!.macs).toBe(graphCost(graph).macs)
    const mean = parts.reduce((sum, { macs }) => sum + macs, 0) / parts.length / graphCost(graph).macs
    expect(mean).toBeCloseTo(0.518, 3)
  })
})

describe('a part of the pass', () => {
  it('says which value it does not have: folding took it', () => {
    const compiled = new CompiledModel(engine, branches(), {
      sampleType: 'float32',
      normalization: { mean: [0], std: [1] },
    })
    open.push(compiled)
    expect(() => compiled.runPart({}, ['stem'])).toThrow('no value "stem"')
  })
})
