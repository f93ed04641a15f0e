import { expect, it } from 'vitest'
import { architectureOf } from '../../src/core/architectures.ts'
import { GraphBuilder } from '../../src/core/graph/builder.ts'
import { validateModel } from '../../src/core/graph/validate-model.ts'
import { initialise } from '../../src/core/initialise.ts'

it('fills every parameter, the same for the same seed and others for another', () => {
  const graph = architectureOf('resnet8-b')
  const weights = initialise(graph, 4)
  validateModel({ architecture: 'resnet8-b', graph, weights, masks: new Map() })
  expect(initialise(graph, 4)).toEqual(weights)
  expect(initialise(graph, 5).get('conv1.weight')).not.toEqual(weights.get('conv1.weight'))
})

it('draws convolutions from N(0, 2 / fan-in), fully connected layers from U(+-1 / sqrt(fan-in)), and starts batch norm at 1, 0, 0, 1', () => {
  const g = new GraphBuilder([16, 8, 8])
  const x = g.batchNorm('bn', g.conv('conv', g.input, { out: 256, kernel: 3, bias: true }))
  const graph = g.build(g.gemm('fc', g.flatten('flat', g.globalAveragePool('pool', x)), { out: 400 }))
  const weights = initialise(graph, 1)
  const conv = weights.get('conv.weight')!
  expect(conv.reduce((sum, w) => sum + w, 0) / conv.length).toBeCloseTo(0, 2)
  expect(conv.reduce((sum, w) => sum + w * w, 0) / conv.length).toBeCloseTo(2 / 144, 3)
  const fc = weights.get('fc.weight')!
  const bound = 1 / Math.sqrt(256)
  expect(fc.every(w => Math.abs(w) <= bound)).toBe(true)
  expect(fc.reduce((sum, w) => sum + w * w, 0) / fc.length).toBeCloseTo(bound ** 2 / 3, 4)
  expect(weights.get('conv.bias')!.every(b => Math.abs(b) <= 1 / 12)).toBe(true)
  const constant = { weight: 1, bias: 0, running_mean: 0, running_var: 1 }
  for (const [part, value] of Object.entries(constant))
    expect(weights.get(`bn.${part}`)).toEqual(new Float32Array(256).fill(value))
})

it.each([
  { id: 'uniform', gamma: [0, 1], beta: 0 },
  { id: 'fixed', gamma: [1, 1], beta: 0 },
  { id: 'oneone', gamma: [1, 1], beta: 1 },
  { id: 'posneg', gamma: [-1, 1], beta: 0 },
] as const)('begins batch norm as $id', ({ id, gamma: [low, high], beta }) => {
  const graph = architectureOf('resnet32-b')
  const weights = initialise(graph, 3, id)
  const plain = initialise(graph, 3)
  const gammas: number[] = []
  for (const [name, { role }] of Object.entries(graph.parameters)) {
    const values = weights.get(name)!
    if (role === 'gamma') gammas.push(...values)
    else if (role === 'beta') expect(new Set(values)).toEqual(new Set([beta]))
    // Convolutions are the same whatever batch norm begins with: arms of a comparison differ in nothing else.
    else expect(values).toEqual(plain.get(name))
  }
  expect(gammas.every(value => value >= low && value <= high)).toBe(true)
  const mean = gammas.reduce((sum, value) => sum + value, 0) / gammas.length
  expect(Math.abs(mean - (low + high) / 2)).toBeLessThan(0.05)
  const variance = gammas.reduce((sum, value) => sum + (value - mean) ** 2, 0) / gammas.length
  expect(Math.abs(variance - (high - low) ** 2 / 12)).toBeLessThan(0.03)
})

it('starts FastGRNN as EdgeML does: kernels 0.1 N(0, 1), biases 1, zeta 1, nu -4', () => {
  const weights = initialise(architectureOf('fastgrnn-80'), 2)
  const u = weights.get('cell.U')!
  expect(u.reduce((sum, w) => sum + w * w, 0) / u.length).toBeCloseTo(0.01, 3)
  expect(weights.get('cell.W')!.every(w => Math.abs(w) < 0.6)).toBe(true)
  expect(weights.get('cell.bias_gate')).toEqual(new Float32Array(80).fill(1))
  expect(weights.get('cell.bias_update')).toEqual(new Float32Array(80).fill(1))
  expect(weights.get('cell.zeta')).toEqual(Float32Array.of(1))
  expect(weights.get('cell.nu')).toEqual(Float32Array.of(-4))
})
