/** What runs of the double come to: counts and scores that look like those of real ones. */

import { curveAllocations } from '../../../src/shared/distortion.ts'
import type { ComparedRun, LayerWeights, RunDetail } from '../../../src/shared/domain.ts'
import { EspalierError } from '../../../src/shared/errors.ts'
import type { Recipe } from '../../../src/shared/recipe.ts'
import { settingsOf } from '../../../src/shared/settings.ts'
import type { StageOutcome } from '../../../src/shared/stages.ts'
import { classes, kernels } from './data.ts'
import { distortionOutcome, type Prunable } from './distortion.ts'
import { federationResult } from './federation.ts'
import { trainingOf, trainingOutcome } from './training.ts'

const accuracyAt = (sparsity: number, allocation: string) =>
  Math.max(94, Math.round(915 - 820 * Math.max(0, sparsity - (allocation === 'global' ? 0.45 : 0.38)) ** 1.55 * 2.6))

export const prunableLayers: readonly Prunable[] = [
  ...kernels(3).map(({ name, ...k }) => ({ name, weights: k.out * k.in * 9, macs: k.out * k.in * 9 * k.side ** 2 })),
  { name: 'linear', weights: 640, macs: 640 },
]

export function layerCounts(sparsity: number, allocation: string) {
  return prunableLayers.map(({ macs: _, ...layer }, i) => {
    const lean = allocation === 'global' ? sparsity * (0.45 + (0.75 * i) / prunableLayers.length) : sparsity
    return { ...layer, zeros: Math.floor(layer.weights * Math.min(0.995, lean)) }
  })
}

/** Of a kernel of four filters whose every third weight is zero. */
export function weightsOf({ run }: RunDetail, layer: string): LayerWeights | null {
  const stage = run.stages.findLast(({ state, use }) => state === 'finished' && use !== 'evaluate')
  if (!stage) return null
  if (!kernels(3).some(({ name }) => name === layer)) {
    throw new EspalierError({ code: 'not-found', message: `There is no layer ${layer}.` })
  }
  const bits = new Uint8Array(9)
  for (let i = 0; i < 72; i++) if (i % 3 > 0) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7))
  return {
    ...{ stage: stage.index, dims: [4, 2, 3, 3], zeros: 24 },
    histogram: { low: -0.5, high: 1.5, counts: [8, 20, 16, 4] },
    mask: Buffer.from(bits).toString('base64'),
  }
}

/** A half loses too much, a quarter does not, and three eighths cannot be reached. */
const probesOf = (zeros: number) => ({
  ...{ total: 500, before: 480 },
  tried: [
    { sparsity: 0.5, zeros: 2 * zeros, correct: 440, accepted: false },
    { sparsity: 0.25, zeros, correct: 479, accepted: true },
    { sparsity: 0.375, zeros: 0, correct: null, accepted: false },
  ],
})

export function outcomeOf(stage: Recipe['stages'][number], sparsity: number, allocation: string): StageOutcome {
  const layers = layerCounts(sparsity, allocation)
  const weights = layers.reduce((sum, l) => sum + l.weights, 0)
  const zeros = layers.reduce((sum, l) => sum + l.zeros, 0)
  const training = trainingOf(stage)
  const trained = training && trainingOutcome(training, { zeros, weights })
  if (stage.use === 'prune') {
    const measured = curveAllocations.includes(stage.allocation) && distortionOutcome(stage, prunableLayers)
    const searched = stage.target?.kind === 'accuracy' && {
      probes: probesOf(zeros),
      macs: { total: 1000, nonzero: 400 },
    }
    const result = { zeros, weights, sparsity: zeros / weights, layers, ...measured, ...searched, ...trained }
    return { use: 'prune', result }
  }
  if (stage.use === 'train' && trained) return { use: 'train', result: { zeros, weights, ...trained } }
  if (stage.use === 'federate') return { use: 'federate', result: federationResult(stage, layers, { zeros, weights }) }
  if (stage.use !== 'evaluate') throw new Error(`the double does not ${stage.use}`)
  const correct = accuracyAt(sparsity, allocation)
  return {
    use: 'evaluate',
    result: {
      ...{
        correct,
        total: 1000,
        top1: correct / 1000,
        top5: Math.min(0.998, correct / 1000 + 0.08),
        loss: 2.6 - (2.3 * correct) / 1000,
      },
      ...{ split: stage.split, zeros, weights },
      classes: classes.map((name, i) => ({
        name,
        correct: Math.max(3, Math.min(100, Math.round(correct / 10 + ((i * 7) % 11) - 5))),
        total: 100,
      })),
    },
  }
}

export function comparedOf({ run, recipe, layers }: RunDetail): ComparedRun {
  const results = run.stages.flatMap(stage => (stage.outcome?.use === 'evaluate' ? [stage.outcome.result] : []))
  const last = results.at(-1)
  const first = results[0]
  const snapshot = layers.at(-1)?.layers ?? []
  const zeros = snapshot.reduce((sum, l) => sum + l.zeros, 0)
  const weights = snapshot.reduce((sum, l) => sum + l.weights, 0)
  return {
    id: run.id,
    number: run.number,
    name: run.name,
    seed: run.seed,
    state: run.state,
    model: 'resnet20-12fca82f.th',
    data: 'cifar10-first1000',
    accuracy: last ?? null,
    before: first && first !== last ? first : null,
    zeros,
    weights,
    sparsity: zeros / weights,
    macs: 40_551_040,
    nonzeroMacs: Math.round(40_551_040 * (1 - zeros / weights)),
    seconds: run.startedAt && run.endedAt ? (run.endedAt - run.startedAt) / 1000 : null,
    layers: snapshot,
    classes: last?.classes ?? [],
    settings: Object.fromEntries(settingsOf(recipe).map(({ path, value }) => [path, value])),
  }
}
