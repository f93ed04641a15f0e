/** `espalier compare`: the runs of a project side by side, with the settings that differ. */
import { basename, resolve } from 'node:path'
import type { ComparedRun, Comparison } from '../../shared/domain.ts'
import { otherSplit } from '../../shared/scoring.ts'
import { settingTitle } from '../../shared/setting-title.ts'
import { compareProject } from '../../studio/compare-project.ts'
import { writeReport } from '../../studio/report.ts'
import type { DefineCommand } from '../command.ts'
import { type Column, count, jsonLine, macs, percent, printable, seconds, table } from '../format.ts'

export const defineCompare: DefineCommand = (program, terminal, end) => {
  program
    .command('compare')
    .description('Put the runs of a project side by side.')
    .argument('<project>', 'a .espalier file')
    .option('--json', 'print one JSON object')
    .option('--report <file>', 'write a report too: one HTML file')
    .action(async (file: string, options: { json?: true; report?: string }) => {
      const { comparison, runs } = compareProject(file)
      terminal.out(options.json ? jsonLine(comparison) : `${lines(comparison).join('\n')}\n`)
      if (options.report !== undefined) {
        const title = basename(file).replace(/\.espalier$/i, '')
        const report = await writeReport(options.report, { title, comparison, runs, project: resolve(file) })
        terminal.err(`Report: ${printable(report)}\n`)
      }
      end(0)
    })
}

/** Settings that stand as columns; more of them would make lines that nobody can read. */
const mostColumns = 6

function lines({ runs, differing }: Comparison): string[] {
  if (runs.length === 0) return ['There are no runs in this project yet.']
  if (differing.length <= mostColumns) return runLines(runs, differing)
  const settings = table(
    [
      { title: 'what differs', text: path => settingTitle(path, runs) },
      ...runs.map((run): Column<string> => ({ title: `run ${run.number}`, text: path => run.settings[path] ?? '-' })),
    ],
    differing,
  )
  return [...runLines(runs, []), '', ...settings]
}

function runLines(runs: readonly ComparedRun[], differing: readonly string[]): string[] {
  const settings = differing.map(
    (path): Column<ComparedRun> => ({ title: settingTitle(path, runs), text: run => run.settings[path] ?? '-' }),
  )
  return table<ComparedRun>(
    [
      { title: 'run', text: run => String(run.number), right: true },
      { title: 'name', text: run => run.name },
      { title: 'seed', text: run => String(run.seed), right: true },
      { title: 'state', text: run => run.state },
      { title: 'model', text: run => run.model },
      { title: 'data', text: run => run.data },
      ...settings,
      {
        title: 'right',
        text: ({ accuracy }) => (accuracy ? `${count(accuracy.correct)}/${count(accuracy.total)}` : '-'),
        right: true,
      },
      { title: 'top-1', text: ({ accuracy }) => share(accuracy), right: true },
      { title: 'before', text: ({ before }) => share(before), right: true },
      { title: 'sparsity', text: ({ sparsity }) => (sparsity === null ? '-' : percent(sparsity)), right: true },
      { title: 'nonzero MACs', text: run => (run.nonzeroMacs === null ? '-' : macs(run.nonzeroMacs)), right: true },
      { title: 'time', text: run => (run.seconds === null ? '-' : seconds(run.seconds)), right: true },
    ],
    runs,
  )
}

const share = (score: Pick<NonNullable<ComparedRun['accuracy']>, 'top1' | 'split'> | null): string =>
  score ? `${otherSplit(score.split)} ${percent(score.top1)}`.trim() : '-'
