/**
 * Exact global selection over the 25.5 million weights of ResNet-50 (54 kernels), 90 %, beside PyTorch.
 * Goals: 15 times faster, at most 400 MB on top of the weights.
 */
import { GraphBuilder } from '../src/core/graph/builder.ts'
import { prunableParameters } from '../src/core/graph/cost.ts'
import { elementCount, formatDims } from '../src/core/graph/dims.ts'
import type { Graph, Model } from '../src/core/graph/model.ts'
import { prune } from '../src/core/pruning/prune.ts'
import { createRandom } from '../src/core/random.ts'
import { moduleVersion, noTorch, runPython } from './python.ts'

const sparsity = 0.9
const repetitions = 7

/** The kernels of ResNet-50 for ImageNet, in forward order; what stands between them does not matter here. */
function resnet50Kernels(): Graph {
  const g = new GraphBuilder([3, 224, 224])
  let x = g.conv('conv1', g.input, { out: 64, kernel: 7, stride: 4, padding: 3 })
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    const width = 64 * 2 ** stage
    for (let i = 0; i < blocks; i++) {
      const own = (part: string) => `layer${stage + 1}.${i}.${part}`
      const stride = stage > 0 && i === 0 ? 2 : 1
      const reduced = g.conv(own('conv1'), x, { out: width, kernel: 1 })
      const spatial = g.conv(own('conv2'), reduced, { out: width, kernel: 3, stride, padding: 1 })
      const y = g.conv(own('conv3'), spatial, { out: 4 * width, kernel: 1 })
      x = g.add(own('add'), y, i === 0 ? g.conv(own('downsample.0'), x, { out: 4 * width, kernel: 1, stride }) : x)
    }
  }
  return g.build(g.gemm('fc', g.flatten('flatten', g.globalAveragePool('pool', x)), { out: 1000, bias: false }))
}

/** N(0, 1 / fan-in), filled in place: nothing else is allocated that would hide the memory of the selection. */
function normalWeights(graph: Graph): Map<string, Float32Array> {
  const random = createRandom(0)
  return new Map(
    prunableParameters(graph).map(name => {
      const { dims } = graph.parameters[name]!
      const values = new Float32Array(elementCount(dims))
      const deviation = 1 / Math.sqrt(elementCount(dims.slice(1)))
      for (let i = 0; i < values.length; i++) values[i] = deviation * random.normal()
      return [name, values]
    }),
  )
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
const say = (line: string) => process.stdout.write(`${line}\n`)
const row = (name: string, seconds: number, bytes: number, zeros: number) =>
  say(
    `${name.padEnd(28)}${seconds.toFixed(3).padStart(8)} s${(bytes / 1e6).toFixed(0).padStart(7)} MB${zeros.toLocaleString('en').padStart(13)} zeros`,
  )

const graph = resnet50Kernels()
const model: Model = { architecture: 'resnet50-kernels', graph, weights: normalWeights(graph), masks: new Map() }
const kernels = prunableParameters(graph)
const count = kernels.reduce((sum, name) => sum + model.weights.get(name)!.length, 0)
say(
  `Global magnitude pruning to ${100 * sparsity} % of ${count.toLocaleString('en')} weights in ${kernels.length} layers`,
)
say('(median time; memory at the peak of the first call, on top of the weights, masks and new weights included)')

const seconds: number[] = []
const before = process.memoryUsage.rss()
let bytes = 0
let zeros = 0
for (let i = 0; i < repetitions; i++) {
  const start = performance.now()
  zeros = prune(model, { score: 'magnitude', allocation: 'global', sparsity }).zeros
  seconds.push((performance.now() - start) / 1000)
  bytes ||= process.resourceUsage().maxRSS * 1024 - before
}
row('Espalier', median(seconds), bytes, zeros)

const version = await moduleVersion('torch')
if (version === null) say(noTorch)
else {
  const shapes = kernels.map(name => formatDims(graph.parameters[name]!.dims))
  const torch = await runPython<{ seconds: number; peakBytes: number; zeros: number }>('threshold.py', [
    String(sparsity),
    '3',
    ...shapes,
  ])
  row(`PyTorch ${version}`, torch.seconds, torch.peakBytes, torch.zeros)
  const ratio = torch.seconds / median(seconds)
  say(`${ratio.toFixed(1)} times as fast (goal 15); ${(bytes / 1e6).toFixed(0)} MB (goal: under 400)`)
}
