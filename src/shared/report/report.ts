/**
 * Runs side by side as one HTML file that needs nothing else: no script, no network, light and dark. Pure: what the
 * calls `run.compare` and `run.list` return in, the document out.
 */
import type { ComparedRun, Comparison, RunSummary } from '../domain.ts'
import { count } from '../plural.ts'
import { otherSplit } from '../scoring.ts'
import { settingTitle } from '../setting-title.ts'
import { barChart, type Curve, lineChart, seriesColour } from './charts.ts'
import { reportStyle } from './style.ts'
import { accuracy, duration, type Html, html, macs, percent } from './text.ts'

export interface ReportInput {
  readonly title: string
  /** What it is about, in a sentence or two. */
  readonly text?: string
  readonly comparison: Comparison
  /** Runs that the comparison is of, for their curves; others are left out. */
  readonly runs: readonly RunSummary[]
  /** Path or name of the project file. */
  readonly project: string
  readonly version: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

export function comparisonReport(input: ReportInput): string {
  const { title, text, comparison } = input
  const { runs } = comparison
  const sections = [
    runTable(runs),
    accuracyBars(runs),
    curveSection(runs, input.runs),
    layerTable(runs),
    classTable(runs),
    settingTable(comparison),
  ]
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${{ html: reportStyle }}</style>
</head>
<body>
<h1>${title}</h1>
${text === undefined ? '' : html`<p>${text}</p>`}
${facts(input)}
${sections}
<footer>A network with zeros in it is as large and as slow as before until something makes use of them; nonzero MACs say what could be saved.</footer>
</body>
</html>
`.html
}

function facts({ comparison, project, version, createdAt }: ReportInput): Html {
  const different = (of: (run: ComparedRun) => string): string => [...new Set(comparison.runs.map(of))].join(', ')
  const entries: [string, string][] = [
    ['Model', different(run => run.model)],
    ['Data', different(run => run.data)],
    ['Project', project],
    ['Made', `${new Date(createdAt).toISOString().slice(0, 16).replace('T', ' ')} UTC, by Espalier ${version}`],
  ]
  return html`<dl>${entries.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
}

const section = (title: string, text: string, content: Html): Html =>
  html`<section><h2>${title}</h2><p>${text}</p><div class="wide">${content}</div></section>
`

const nothing = html``

interface Column {
  readonly title: string
  readonly text: (run: ComparedRun) => string
  readonly isNumber?: boolean
}

const scoreText = (score: ComparedRun['before']): string =>
  score ? `${otherSplit(score.split)} ${accuracy(score.top1, score.total)}`.trim() : '–'

function runTable(runs: readonly ComparedRun[]): Html {
  const columns: readonly Column[] = [
    { title: 'seed', text: run => String(run.seed), isNumber: true },
    { title: 'state', text: run => run.state },
    { title: 'top-1', text: run => scoreText(run.accuracy), isNumber: true },
    {
      title: 'right',
      text: ({ accuracy: a }) => (a ? `${count(a.correct)} / ${count(a.total)}` : '–'),
      isNumber: true,
    },
    { title: 'at first', text: run => scoreText(run.before), isNumber: true },
    { title: 'sparsity', text: run => (run.sparsity === null ? '–' : percent(run.sparsity)), isNumber: true },
    { title: 'nonzero MACs', text: run => (run.nonzeroMacs === null ? '–' : macs(run.nonzeroMacs)), isNumber: true },
    { title: 'time', text: run => (run.seconds === null ? '–' : duration(run.seconds)), isNumber: true },
  ]
  const kind = (column: Column): string => (column.isNumber ? 'number' : '')
  const table = html`<table><thead><tr><th>run</th>${columns.map(
    column => html`<th class="${kind(column)}">${column.title}</th>`,
  )}</tr></thead>
<tbody>${runs.map(
    run =>
      html`<tr><th>${run.number} ${run.name}</th>${columns.map(
        column => html`<td class="${kind(column)}">${column.text(run)}</td>`,
      )}</tr>
`,
  )}</tbody></table>`
  const splits = [...new Set(runs.flatMap(run => run.accuracy?.split ?? []))]
  const scored = splits.length > 0 ? ` Scored on ${splits.join(' and ')} samples.` : ''
  return section('Runs', `Top-1 is of the last evaluate stage, "at first" of the first one.${scored}`, table)
}

function accuracyBars(runs: readonly ComparedRun[]): Html {
  const bars = runs.flatMap(({ number, name, accuracy: a }) =>
    a ? [{ name: `${number} ${name} ${otherSplit(a.split)}`.trim(), share: a.top1, total: a.total }] : [],
  )
  return bars.length === 0
    ? nothing
    : section('Accuracy', 'Share of samples that are right.', barChart('Accuracy', bars))
}

/** Validation after each epoch of every stage that trains, one after the other. */
function curveSection(runs: readonly ComparedRun[], summaries: readonly RunSummary[]): Html {
  const curves = runs.flatMap((run): Curve[] => {
    const stages = summaries.find(({ id }) => id === run.id)?.stages ?? []
    const epochs = stages.flatMap(({ outcome }) =>
      outcome && 'epochs' in outcome.result ? (outcome.result.epochs ?? []) : [],
    )
    const values = epochs.map(({ valTop1 }) => valTop1)
    return values.some(value => value !== null) ? [{ name: `${run.number} ${run.name}`, values }] : []
  })
  if (curves.length === 0) return nothing
  const legend = html`<ul>${curves.map(
    ({ name }, index) => html`<li><span class="key" style="background: ${seriesColour(index)}"></span>${name}</li>`,
  )}</ul>`
  const text = 'Share of the validation samples that are right after each epoch, over all stages that train.'
  return section('Training', text, html`${lineChart('Accuracy on validation', curves)}${legend}`)
}

function layerTable(runs: readonly ComparedRun[]): Html {
  const pruned = runs.filter(({ layers }) => layers.some(({ zeros }) => zeros > 0))
  const names = [...new Set(pruned.flatMap(({ layers }) => layers.map(({ name }) => name)))]
  if (names.length === 0) return nothing
  const cell = (run: ComparedRun, name: string): Html => {
    const layer = run.layers.find(found => found.name === name)
    return layer ? heatCell(layer.zeros / layer.weights) : html`<td></td>`
  }
  return section('Layers', 'Share of the weights of each layer that are zero.', heatTable(pruned, names, cell))
}

function classTable(runs: readonly ComparedRun[]): Html {
  const scored = runs.filter(({ classes }) => classes.length > 0)
  const names = [...new Set(scored.flatMap(({ classes }) => classes.map(({ name }) => name)))]
  // Longer tables say little to a reader of the whole.
  if (names.length === 0 || names.length > 100) return nothing
  const cell = (run: ComparedRun, name: string): Html => {
    const found = run.classes.find(entry => entry.name === name)
    return found && found.total > 0 ? heatCell(found.correct / found.total) : html`<td></td>`
  }
  return section('Classes', 'Share of the samples of each class that are right.', heatTable(scored, names, cell))
}

function heatTable(
  runs: readonly ComparedRun[],
  names: readonly string[],
  cell: (run: ComparedRun, name: string) => Html,
): Html {
  return html`<table class="heat"><thead><tr><th></th>${runs.map(
    ({ number, name }) => html`<th class="number">${number} ${name}</th>`,
  )}</tr></thead>
<tbody>${names.map(
    name => html`<tr><th>${name}</th>${runs.map(run => cell(run, name))}</tr>
`,
  )}</tbody></table>`
}

/** Darker (lighter on dark) for more; the text keeps its contrast on every shade. */
function heatCell(share: number): Html {
  const shade = Math.round(45 * share)
  return html`<td style="background: color-mix(in srgb, var(--bar) ${shade}%, var(--page))">${percent(share)}</td>`
}

function settingTable({ runs, differing }: Comparison): Html {
  if (differing.length === 0) return nothing
  const table = html`<table><thead><tr><th>setting</th>${runs.map(
    ({ number, name }) => html`<th>${number} ${name}</th>`,
  )}</tr></thead>
<tbody>${differing.map(
    path => html`<tr><th>${settingTitle(path, runs)}</th>${runs.map(({ settings }) => html`<td>${settings[path] ?? '–'}</td>`)}</tr>
`,
  )}</tbody></table>`
  return section(
    'Settings',
    'What is not the same in all runs, but for defaults of what only some of them have.',
    table,
  )
}
