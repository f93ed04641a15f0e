/** What is measured of layer-adaptive pruning: methods, and the cells of the tables in one shot. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

export const checkpointOf = { 'ResNet-20': 'resnet20-12fca82f.th', 'ResNet-32': 'resnet32-d509ac18.th' } as const
export type Network = keyof typeof checkpointOf

export const calibration256 = { images: 256, choose: 'spread' } as const
export const methods = {
  'rate-distortion, worst sample': { allocation: 'rate-distortion', curve: 'worst', calibration: calibration256 },
  'rate-distortion, mean': { allocation: 'rate-distortion', curve: 'mean', calibration: calibration256 },
  'rate-distortion, worst, no data': {
    allocation: 'rate-distortion',
    curve: 'worst',
    calibration: { images: 256, choose: 'noise' },
  },
  'Lagrangian, worst sample': { allocation: 'lagrangian', curve: 'worst', calibration: calibration256 },
  global: { allocation: 'global' },
  LAMP: { allocation: 'lamp' },
  ERK: { allocation: 'erk' },
  uniform: { allocation: 'uniform' },
  'uniform+': { allocation: 'uniform-plus' },
  'random counts': { allocation: 'random' },
} as const
export type Method = keyof typeof methods
export const allMethods = Object.keys(methods) as Method[]
/** Those that are trained after the cut. */
export const someMethods: Method[] = [
  'rate-distortion, worst sample',
  'rate-distortion, mean',
  'global',
  'LAMP',
  'ERK',
  'uniform',
  'uniform+',
]

export const oneShotSparsities = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
export const jointSparsities = [0.5, 0.7, 0.8, 0.9]
/** Of a network that was pruned: `top1`; `sum` and `joint` of distortions. */
export type Cell = Readonly<Record<string, number>>
export type Cells = ReadonlyMap<string, Cell>

export const keyOf = (network: string, kind: string, method: string, sparsity: number) =>
  [network, kind, method, sparsity].join(' ')

/** Cells that are kept in a file, each as soon as it is measured. */
export function keptCells(file: string) {
  const cells = new Map<string, Cell>(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [])
  return {
    cells: cells as Cells,
    keep(key: string, cell: Cell): void {
      cells.set(key, cell)
      writeFileSync(file, JSON.stringify([...cells]))
    },
  }
}
