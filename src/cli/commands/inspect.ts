/** `espalier inspect`: what a file or folder is to Espalier. */
import { resolve } from 'node:path'
import { plural } from '../../shared/plural.ts'
import { userDirectories } from '../../studio/directories.ts'
import type { DatasetFacts, ModelFacts } from '../../studio/inputs.ts'
import { recognise } from '../../studio/library.ts'
import { createReaders } from '../../studio/readers.ts'
import type { DefineCommand } from '../command.ts'
import { count, jsonLine, macs, percent, printable, table } from '../format.ts'
import { createProgressLine, progressText } from '../progress-line.ts'
import type { Terminal } from '../terminal.ts'

export const defineInspect: DefineCommand = (program, terminal, end) => {
  program
    .command('inspect')
    .description('Say what a data set or a checkpoint holds.')
    .argument('<file>', 'a data set (file or folder) or a checkpoint')
    .option('--json', 'print one JSON object')
    .action(async (file: string, options: { json?: true }) => end(await inspect(file, options.json === true, terminal)))
}

async function inspect(file: string, asJson: boolean, terminal: Terminal): Promise<number> {
  const line = createProgressLine(terminal)
  const found = await recognise(resolve(file), createReaders(userDirectories()), {
    onProgress: progress => line.draw(progressText({ ...progress, stage: null, unit: '' })),
  }).finally(line.clear)
  if (asJson) terminal.out(jsonLine(toJson(found.kind, found.facts)))
  else terminal.out(`${(found.kind === 'dataset' ? datasetLines(found.facts) : modelLines(found.facts)).join('\n')}\n`)
  return 0
}

/** Pictures are for windows. */
function toJson(kind: 'dataset' | 'model', facts: DatasetFacts | ModelFacts) {
  const { preview: _, ...rest } = { preview: undefined, ...facts }
  return { kind, ...rest }
}

const noteLines = (notes: DatasetFacts['notes']) => notes.map(({ kind, text }) => printable(`  ${kind}: ${text}`))

function datasetLines({
  name,
  formatLabel,
  shape,
  sampleType,
  classes,
  splits,
  notes,
  fingerprint,
}: DatasetFacts): string[] {
  const perClass = table(
    [
      { title: 'class', text: ({ label }: { label: string; index: number }) => label },
      ...splits.map(split => ({
        title: split.name,
        text: ({ index }: { index: number }) => count(split.perClass[index] ?? 0),
        right: true,
      })),
    ],
    classes.map((label, index) => ({ label, index })),
  )
  return [
    printable(`${name}: data set, ${formatLabel}`),
    `  samples of ${shape.join(' x ')} ${sampleType}, ${plural(classes.length, 'class', 'classes')}`,
    ...splits.map(split => `  ${split.name}: ${plural(split.count, 'sample')}`),
    ...noteLines(notes),
    `  SHA-256 ${fingerprint}`,
    ...perClass.map(line => `  ${line}`),
  ]
}

function modelLines(model: ModelFacts): string[] {
  const { name, formatLabel, architecture, classes, inputDims, parameters, prunable, notes, fingerprint, layers } =
    model
  const rows = table(
    [
      { title: 'layer', text: layer => layer.name },
      { title: 'op', text: layer => layer.op },
      { title: 'output', text: layer => layer.outputDims.join('x') },
      { title: 'weights', text: layer => layer.weightDims.join('x') },
      { title: 'parameters', text: layer => (layer.parameters ? count(layer.parameters) : ''), right: true },
      { title: 'MACs', text: layer => (layer.macs ? macs(layer.macs) : ''), right: true },
      {
        title: 'zeros',
        text: ({ prunable: kernel }) => (kernel ? percent(kernel.zeros / kernel.weights, 1) : ''),
        right: true,
      },
    ],
    layers,
  )
  return [
    printable(`${name}: checkpoint, ${formatLabel}`),
    `  ${architecture}, ${plural(classes, 'class', 'classes')}, input ${inputDims.join(' x ')}`,
    `  ${count(parameters)} parameters, ${count(prunable)} of them prunable, ${macs(model.macs)} MACs`,
    ...noteLines(notes),
    `  SHA-256 ${fingerprint}`,
    ...rows.map(line => `  ${line}`),
  ]
}
