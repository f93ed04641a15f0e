/** `espalier sample`: the sample project, from nothing to a comparison and a report. */
import { resolve } from 'node:path'
import type { CallContext } from '../../shared/contract.ts'
import type { ComparedRun, RunSummary } from '../../shared/domain.ts'
import { writeReport } from '../../studio/report.ts'
import { createBriefPrinter } from '../brief-printer.ts'
import type { DefineCommand } from '../command.ts'
import { followRuns } from '../follow-runs.ts'
import { count, macs, percent, printable, seconds, table } from '../format.ts'
import { spanPlot } from '../span-plot.ts'
import { withStudio } from '../studio-session.ts'
import type { Terminal } from '../terminal.ts'

interface SampleOptions {
  readonly project: string
  readonly report?: string
  readonly again?: true
}

export const defineSample: DefineCommand = (program, terminal, end) => {
  program
    .command('sample')
    .description('Make a data set, train a small network on it, prune it in three ways and compare: about a minute.')
    .option('--project <file>', 'the project to keep the runs in', 'sample.espalier')
    .option('--report <file>', 'the report to write (default: beside the project)')
    .option('--again', 'redo work that was finished before')
    .action(async (options: SampleOptions) => end(await sample(options, terminal)))
}

function sample({ project, report, again }: SampleOptions, terminal: Terminal): Promise<number> {
  return withStudio(terminal, async ({ line, open }) => {
    const studio = await open(resolve(project))
    const call: CallContext = { signal: new AbortController().signal }
    const { dataset, recipes } = await studio.handlers['sample.create']({}, call)
    const samples = dataset.splits.map(({ name, count: n }) => `${count(n)} ${name}`).join(' and ')
    terminal.out(`${dataset.formatLabel}: ${samples} images of ${dataset.classes.join(', ')}; made on this machine.\n`)

    let runs: readonly RunSummary[] = []
    const begin = async () => {
      const queued: RunSummary[] = []
      for (const { id, document } of recipes) {
        const params = { document, recipeId: id, ...(again && { again }) }
        queued.push(...(await studio.handlers['run.start'](params, call)).runs)
      }
      runs = queued
      return queued
    }
    const printer = createBriefPrinter(terminal, line)
    const status = await followRuns(begin, { studio, terminal, line, asJson: false, printer })
    if (status !== 0) return status

    const ids = runs.map(({ id }) => id)
    const comparison = await studio.handlers['run.compare']({ ids }, call)
    const details = await Promise.all(ids.map(id => studio.handlers['run.get']({ id }, call)))
    const ended = details.map(({ run }) => run)
    terminal.out(`\n${compared(comparison.runs, ended, terminal).join('\n')}\n`)
    const path = resolve(project)
    const file = await writeReport(report ?? path.replace(/\.espalier$/i, '').concat('.html'), {
      title: 'The sample project',
      text: 'A small ResNet on Glyphs: trained, then pruned to the same sparsity in three ways, each fine-tuned for the same number of epochs.',
      comparison,
      runs: ended,
      project: path,
    })
    const lines = [`Report:   ${file}`, `Project:  ${path}`, `Open it in the window:  npm start -- "${path}"`]
    terminal.out(`\n${lines.map(printable).join('\n')}\n`)
    return 0
  })
}

function compared(runs: readonly ComparedRun[], summaries: readonly RunSummary[], terminal: Terminal): string[] {
  const rows = runs.map(run => {
    const total = run.accuracy?.total ?? 0
    const share = (value: number) => percent(value, total >= 5000 ? 2 : 1)
    const before = beforeTuning(summaries.find(({ id }) => id === run.id))
    const top1 = run.accuracy?.top1 ?? 0
    return {
      run,
      name: `${run.number} ${run.name}`,
      top1,
      before,
      text: share(top1),
      textBefore: before === null ? '-' : share(before),
    }
  })
  const [titles = '', ...lines] = table(
    [
      { title: 'run', text: row => row.name },
      { title: 'before tuning', text: row => row.textBefore, right: true },
      { title: 'top-1', text: row => row.text, right: true },
      { title: 'sparsity', text: ({ run }) => percent(run.sparsity ?? 0), right: true },
      { title: 'nonzero MACs', text: ({ run }) => macs(run.nonzeroMacs ?? 0), right: true },
      { title: 'time', text: ({ run }) => seconds(run.seconds ?? 0), right: true },
    ],
    rows,
  )
  const spans = rows.map(({ name, before, top1, text }) => ({ name, from: before, to: top1, text }))
  return [
    terminal.bold(titles),
    ...lines,
    '',
    terminal.bold('Test images that are right: x before fine-tuning, o at the end'),
    ...spanPlot(spans, Math.min(terminal.columns, 100)),
  ]
}

/** Accuracy right after weights were pruned all at once; null where they were not. */
function beforeTuning(run: RunSummary | undefined): number | null {
  const outcomes = (run?.stages ?? []).map(({ outcome }) => outcome)
  const at = outcomes.findIndex(outcome => outcome?.use === 'prune' && outcome.result.epochs === undefined)
  const next = at === -1 ? null : outcomes[at + 1]
  return next?.use === 'evaluate' ? next.result.top1 : null
}
