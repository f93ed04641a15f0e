/** Plausible things for a double of the studio to show: ResNet-20 on a small data set of drawn pictures. */
import type { DoctorReport } from '../../../src/shared/doctor.ts'
import type { DatasetReport, LayerReport, ModelReport, Picture } from '../../../src/shared/domain.ts'

export const classes = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']

interface Kernel {
  name: string
  out: number
  in: number
  side: number
}

/** Convolutions of a CIFAR ResNet of depth 6n+2 in forward order. */
export function kernels(blocks: number): Kernel[] {
  const list: Kernel[] = [{ name: 'conv1', out: 16, in: 3, side: 32 }]
  let width = 16
  for (const [group, channels] of [16, 32, 64].entries()) {
    for (let block = 0; block < blocks; block++) {
      const side = 32 >> group
      list.push({ name: `layer${group + 1}.${block}.conv1`, out: channels, in: width, side })
      list.push({ name: `layer${group + 1}.${block}.conv2`, out: channels, in: channels, side })
      width = channels
    }
  }
  return list
}

export function layersOf(blocks: number): LayerReport[] {
  const convolutions = kernels(blocks).flatMap((k): LayerReport[] => {
    const weights = k.out * k.in * 9
    const dims = [k.out, k.side, k.side]
    return [
      {
        name: k.name,
        op: 'Conv',
        inputDims: [k.in, k.side, k.side],
        outputDims: dims,
        weightDims: [k.out, k.in, 3, 3],
        parameters: weights,
        macs: weights * k.side * k.side,
        prunable: { weights, zeros: 0 },
      },
      {
        name: k.name.replace('conv', 'bn'),
        op: 'BatchNormalization',
        inputDims: dims,
        outputDims: dims,
        weightDims: [],
        parameters: 2 * k.out,
        macs: 0,
        prunable: null,
      },
    ]
  })
  return [
    ...convolutions,
    {
      name: 'linear',
      op: 'Gemm',
      inputDims: [64],
      outputDims: [10],
      weightDims: [10, 64],
      parameters: 650,
      macs: 640,
      prunable: { weights: 640, zeros: 0 },
    },
  ]
}

export function model(id: string, name: string, blocks: number): ModelReport {
  const layers = layersOf(blocks)
  const sum = (value: (layer: LayerReport) => number) => layers.reduce((total, layer) => total + value(layer), 0)
  return {
    id,
    name,
    path: `/data/checkpoints/${name}`,
    format: 'pytorch',
    formatLabel: 'PyTorch checkpoint',
    fingerprint: id.repeat(8),
    architecture: `resnet${6 * blocks + 2}-a`,
    classes: 10,
    inputDims: [3, 32, 32],
    parameters: sum(l => l.parameters),
    prunable: sum(l => l.prunable?.weights ?? 0),
    batchNorm: sum(l => (l.op === 'BatchNormalization' ? l.parameters : 0)),
    macs: sum(l => l.macs),
    missing: false,
    notes: [
      { kind: 'matched', text: `${layers.length * 2} tensors by name after removing the prefix "module."` },
      {
        kind: 'guessed',
        text: `Architecture resnet${6 * blocks + 2}-a: depth from the block names, option A because no shortcut has weights.`,
      },
      { kind: 'skipped', text: 'best_prec1: a number, not a tensor.' },
    ],
    layers,
    addedAt: Date.now() - 60_000,
  }
}

function picture(seed: number): Picture {
  const pixels = Buffer.alloc(32 * 32 * 3)
  const hue = (seed * 47) % 256
  for (let y = 0; y < 32; y++) {
    for (let x = 0; x < 32; x++) {
      const inside = Math.hypot(x - 16, y - 16) < 6 + (seed % 7)
      const at = (y * 32 + x) * 3
      pixels[at] = inside ? hue : 190 - y * 2
      pixels[at + 1] = inside ? 255 - hue : 200 - y
      pixels[at + 2] = inside ? (hue * 3) % 256 : 220
    }
  }
  return { width: 32, height: 32, channels: 3, pixels: pixels.toString('base64') }
}

export function dataset(id: string, name: string): DatasetReport {
  return {
    id,
    name,
    path: `/data/${name}`,
    format: 'cifar10-binary',
    formatLabel: 'CIFAR-10, binary batches',
    fingerprint: id.repeat(8),
    classes,
    shape: [32, 32, 3],
    sampleType: 'uint8',
    splits: [
      { name: 'train', count: 5000, perClass: [505, 460, 519, 486, 519, 488, 519, 486, 520, 498] },
      { name: 'test', count: 1000, perClass: [103, 89, 100, 103, 90, 86, 112, 102, 106, 109] },
    ],
    missing: false,
    notes: [
      { kind: 'matched', text: 'data_batch_1.bin to data_batch_5.bin as training data, test_batch.bin as test data.' },
      { kind: 'guessed', text: 'Class names: the ten of CIFAR-10, because there is no batches.meta.txt.' },
    ],
    preview: Array.from({ length: 20 }, (_, i) => ({
      picture: picture(i),
      label: i % 10,
      split: i < 10 ? 'train' : 'test',
    })),
    addedAt: Date.now() - 120_000,
  }
}

export const doctorReport: DoctorReport = {
  ok: true,
  checks: [
    { id: 'node', label: 'Node', status: 'ok', detail: '24.21.0' },
    { id: 'engine', label: 'TensorFlow', status: 'ok', detail: '2.21.0, in the cache, checksum fits' },
    {
      id: 'gpu',
      label: 'GPU',
      status: 'warn',
      detail: 'No NVIDIA GPU was found; runs use the CPU.',
      hint: 'Install the driver if there is one.',
    },
    {
      id: 'convolution',
      label: 'A convolution, forward and backward',
      status: 'ok',
      detail: 'agrees with plain arithmetic to 1e-6',
    },
  ],
}
