/**
 * Rate-distortion allocation: time and memory of the dynamic program, and of measuring its curves beside PyTorch.
 * Goals: linear in layers and budget; ResNet-50's size in 2 s and 500 MB, another target in 300 ms (ResNet-32: 50 ms), also
 * where floors and locks move, each by itself or on top of the last;
 * curves of ResNet-20 three times as fast as one whole forward pass a point.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { architectureOf } from '../src/core/architectures.ts'
import { graphCost } from '../src/core/graph/cost.ts'
import { elementCount } from '../src/core/graph/dims.ts'
import type { Model } from '../src/core/graph/model.ts'
import { initialise } from '../src/core/initialise.ts'
import { normalization } from '../src/core/normalization.ts'
import { curveFractions, zeroedCounts } from '../src/core/pruning/curves.ts'
import { rankLayers } from '../src/core/pruning/prune.ts'
import { budgetOf, type LayerChoices, spendRest } from '../src/core/pruning/rate-choices.ts'
import { createRateSolver } from '../src/core/pruning/rate-solver.ts'
import { createRandom } from '../src/core/random.ts'
import { CompiledModel } from '../src/engine/compile/compiled-model.ts'
import type { CalibrationBatch } from '../src/engine/distortion/calibration.ts'
import { emptyState, measure, passesPerSample } from '../src/engine/distortion/measure.ts'
import { loadEngine } from '../src/engine/runtime/load.ts'
import { openCheckpoint } from '../src/formats/checkpoints.ts'
import { openDataset } from '../src/formats/datasets.ts'
import { importModel } from '../src/formats/import-model.ts'
import { usualFractions } from '../src/shared/distortion.ts'
import { moduleVersion, noTorch, talkToPython } from './python.ts'

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
const say = (line: string) => process.stdout.write(`${line}\n`)

function time(action: () => void): number {
  const start = performance.now()
  action()
  return performance.now() - start
}

/** Dense near 1, where the budget of a sparse network is decided: 1 - 10^-x, and the two ends. */
const fractionsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => (1 - 10 ** ((-3 * i) / (count - 1))) / (1 - 1e-3))

/** Layers of these sizes, each with its own rising curve. */
function problem(sizes: readonly number[], fractions: readonly number[]): LayerChoices[] {
  const random = createRandom(0)
  return sizes.map((weights, i) => {
    const [scale, power] = [10 ** (3 * random.uniform()), 1 + 6 * random.uniform()]
    const zeros = [...new Set(fractions.map(fraction => Math.floor(fraction * weights)))]
    const distortion = zeros.map(count => scale * (count / weights) ** power)
    return { name: `layer${i}`, weights, costPerWeight: 1, zeros, distortion }
  })
}

const sizesOf = (architecture: string) =>
  graphCost(architectureOf(architecture)).layers.flatMap(({ kernel }) => (kernel ? [elementCount(kernel.dims)] : []))

/** Slope of log(milliseconds) over log(size), by least squares: 1 = linear. */
function exponent(points: readonly (readonly [size: number, ms: number])[]): number {
  const logs = points.map(([size, ms]) => [Math.log(size), Math.log(ms)] as const)
  const mean = (at: 0 | 1) => logs.reduce((sum, log) => sum + log[at], 0) / logs.length
  const [x, y] = [mean(0), mean(1)]
  return logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0)
}

/**
 * Processor time over size: the least of several runs that take turns, because whatever else the machine does can only
 * add to it.
 */
function growth(what: string, sizes: readonly number[], solve: (size: number) => void): void {
  const least = sizes.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < 7; round++) {
    for (const [i, size] of sizes.entries()) {
      const start = process.cpuUsage()
      solve(size)
      least[i] = Math.min(least[i]!, process.cpuUsage(start).user / 1000)
    }
  }
  const cells = sizes.map((size, i) => `${size.toLocaleString('en')}: ${least[i]!.toFixed(0)} ms`)
  const slope = exponent(sizes.map((size, i) => [size, least[i]!] as const))
  say(`  ${what.padEnd(14)}${cells.join('   ')}   time grows as size^${slope.toFixed(2)}`)
}

function solver(): void {
  say('The dynamic program, 100 choices a layer, seven targets (goal: linear, size^1 or less)')
  const choices = fractionsOf(100)
  const targets = [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98]
  const solveAll = (sizes: readonly number[]) => {
    const layers = problem(sizes, choices)
    const solver = createRateSolver(layers)
    for (const sparsity of targets) solver.solve(budgetOf(layers, sparsity))
  }
  const large = sizesOf('resnet50-imagenet')
  // Long enough for the inner loop to be compiled, which another thread does when it gets a turn.
  for (let i = 0; i < 8; i++) solveAll(large)
  growth('layers', [16, 32, 64, 128], count => solveAll(Array.from({ length: count }, (_, i) => large[i % 54]!)))
  // A budget is a number of weights: networks as deep, with smaller layers.
  growth('budget', [0.25, 0.5, 1, 2, 4], scale => solveAll(large.map(size => Math.round(scale * size))))
  for (const [architecture, goal, fractions] of [
    ['resnet50-imagenet', 300, choices],
    ['resnet32-a', 50, choices],
    ['resnet32-a', 50, curveFractions(usualFractions)],
  ] as const) {
    const sizes = sizesOf(architecture)
    const layers = problem(sizes, fractions)
    const fresh = targets.map(sparsity => time(() => createRateSolver(layers).solve(budgetOf(layers, sparsity))))
    const peak = process.resourceUsage().maxRSS * 1024
    const total = sizes.reduce((sum, size) => sum + size, 0)
    say(
      `  ${architecture}: ${sizes.length} layers, ${total.toLocaleString('en')} weights, ${fractions.length} fractions: ` +
        `at most ${Math.max(...fresh).toFixed(0)} ms, process at most ${(peak / 1e6).toFixed(0)} MB (goal 2 s, 500 MB)`,
    )
    // As a question of the window is answered, from the curves to the zeros of each layer.
    const solve = (changed: readonly LayerChoices[], sparsity: number) => {
      const budget = budgetOf(changed, sparsity)
      spendRest(changed, createRateSolver(changed).solve(budget), budget)
    }
    moves('another target', goal, i => solve(layers, 0.5 + i / 102))
    // A layer in the middle of the network; each move is another floor, up to a tenth of it, or another fixed count.
    const at = Math.floor(layers.length / 2)
    moves('a floor moves', goal, i =>
      solve(layers.with(at, floored(layers[at]!, (i + 1) * layers[at]!.weights * 0.002)), 0.8),
    )
    moves('a lock moves', goal, i => solve(layers.with(at, locked(layers[at]!, i % layers[at]!.zeros.length)), 0.8))
    moves('another layer locked', goal, i => {
      const other = i % layers.length
      solve(layers.with(other, locked(layers[other]!, 0)), 0.7)
    })
    // From the small layers to the large ones, so that the target can still be met; each at what it would come to anyway.
    const bySize = layers.map((_, layer) => layer).sort((a, b) => sizes[a]! - sizes[b]!)
    let held: readonly LayerChoices[] = layers
    moves('one more layer locked', goal, i => {
      const next = bySize[i % layers.length]!
      held = (i % layers.length === 0 ? layers : held).with(
        next,
        locked(layers[next]!, layers[next]!.zeros.length >> 1),
      )
      solve(held, 0.5)
    })
  }
}

function floored(layer: LayerChoices, kept: number): LayerChoices {
  const within = layer.zeros.filter(zeros => zeros <= layer.weights - kept).length
  return { ...layer, zeros: layer.zeros.slice(0, within), distortion: layer.distortion.slice(0, within) }
}

const locked = (layer: LayerChoices, pick: number): LayerChoices => ({
  ...layer,
  zeros: layer.zeros.slice(pick, pick + 1),
  distortion: layer.distortion.slice(pick, pick + 1),
})

const times = (count: number, action: (i: number) => void) =>
  Array.from({ length: count }, (_, i) => time(() => action(i)))

function moves(what: string, goal: number, action: (i: number) => void): void {
  const taken = times(50, action)
  say(
    `    ${what.padEnd(22)}${median(taken).toFixed(1)} ms, at most ${Math.max(...taken).toFixed(1)} (goal ${goal} ms)`,
  )
}

const images = 256
const batch = 128
const fractions = usualFractions
const data = '../shared/data'
const reference = join(data, 'reference', 'distortion-resnet20.json')
const hasData = existsSync(reference)

/** The trained network and its images where they are; else fresh weights and random pixels, which take as long. */
async function network(): Promise<{ model: Model; pixels: Uint8Array }> {
  const pixels = new Uint8Array(images * 3072)
  if (hasData) {
    const dataset = await openDataset(join(data, 'cifar10-first1000'))
    await dataset.splits.train!.read(
      Array.from({ length: images }, (_, i) => i),
      pixels,
    )
    await dataset.close()
    return { model: importModel(await openCheckpoint(join(data, 'checkpoints', 'resnet20-12fca82f.th'))).model, pixels }
  }
  const random = createRandom(0)
  const graph = architectureOf('resnet20-a')
  const model = { architecture: 'resnet20-a', graph, weights: initialise(graph, 0), masks: new Map() }
  return { model, pixels: pixels.map(() => random.below(256)) }
}

async function curves(): Promise<void> {
  const engine = await loadEngine()
  const { model, pixels } = await network()
  const compiled = new CompiledModel(engine, model.graph, {
    sampleType: 'uint8',
    normalization: normalization('imagenet', 3),
  })
  compiled.assign(model)
  const rankings = rankLayers(model, { score: 'magnitude' })
  const counts = rankings.map(({ keys }) => zeroedCounts(fractions, keys.length))
  const state = emptyState(counts)
  const batchAt = (from: number): CalibrationBatch => ({
    given: { samples: { samples: pixels.slice(from * 3072, (from + batch) * 3072), count: batch } },
    count: batch,
  })
  async function ours(into: typeof state, from: number): Promise<number> {
    const start = performance.now()
    const upTo = into.batch
    await measure({
      compiled,
      model,
      rankings,
      // What is measured already is passed over.
      batches: (async function* () {
        for (let i = 0; i <= upTo; i++) yield batchAt(from)
      })(),
      state: into,
      step: async () => {},
      saved: async () => {},
    })
    return (performance.now() - start) / 1000
  }

  const version = await moduleVersion('torch')
  const torch = version === null ? null : await talkToPython('distortion.py', [String(batch), ...fractions.map(String)])
  const formats = ['contiguous', 'channels-last'] as const
  say(`\nCurves of ResNet-20: ${rankings.length} layers x ${fractions.length} fractions x ${images} images`)
  say(
    `  TensorFlow ${engine.tensorflowVersion} on ${engine.deviceName}${version ? `, PyTorch ${version}` : ''}; taking turns`,
  )
  // One point of each layer warms both up: a graph is made ready when it is first used.
  await ours(emptyState(counts.map(list => list.slice(0, 1))), 0)
  const seconds = { ours: 0, contiguous: 0, 'channels-last': 0 }
  for (let from = 0; from < images; from += batch) {
    seconds.ours += await ours(state, from)
    if (torch) for (const format of formats) seconds[format] += (await torch.ask<{ seconds: number }>(format)).seconds
  }
  const passes = counts.reduce((sum, list) => sum + list.length, 0)
  const whole = median(
    Array.from({ length: 5 }, () => time(() => compiled.predict(batchAt(0).given.samples!.samples, batch))),
  )
  const share = passesPerSample(model, counts) / passes
  say(
    `  Espalier       ${seconds.ours.toFixed(1)} s: ${(100 * share).toFixed(0)} % of the MACs of whole passes, and ` +
      `${((100 * seconds.ours) / ((whole / 1000) * passes * (images / batch))).toFixed(0)} % of their time here (goal: about half)`,
  )
  if (!torch) say(`  ${noTorch}`)
  else {
    for (const format of formats) say(`  PyTorch        ${seconds[format].toFixed(1)} s, ${format}`)
    const times = formats.map(format => (seconds[format] / seconds.ours).toFixed(1))
    say(`  ${times.join(' and ')} times as fast (goal 3)`)
  }
  torch?.close()
  compiled.dispose()
  if (hasData)
    compare(
      rankings.map(({ layer }) => layer),
      state,
    )
  else say(`  Beside PyTorch's numbers: skipped, ${reference} is not there`)
}

function compare(names: readonly string[], { tallies, samples }: ReturnType<typeof emptyState>): void {
  type Points = Record<string, { zeroed: number; mean: number; worst: number }>
  const layers: Record<string, { distortion: Points }> = JSON.parse(readFileSync(reference, 'utf8')).layers
  let [points, equal, mean, worst] = [0, 0, 0, 0]
  for (const [i, name] of names.entries()) {
    for (const [fraction, expected] of Object.entries(layers[name]!.distortion)) {
      const at = fractions.indexOf(Number(fraction))
      points++
      if (tallies[i]!.counts[at] === expected.zeroed) equal++
      mean = Math.max(mean, Math.abs(tallies[i]!.sums[at]! / samples / expected.mean - 1))
      worst = Math.max(worst, Math.abs(tallies[i]!.worst[at]! / expected.worst - 1))
    }
  }
  say(
    `  Beside PyTorch's numbers: ${equal} of ${points} zeroed counts equal, largest difference ` +
      `${(100 * mean).toFixed(4)} % of a mean (goal 1 %), ${(100 * worst).toFixed(4)} % of a worst (goal 2 %)`,
  )
}

solver()
if (!process.argv.includes('--no-curves')) await curves()
