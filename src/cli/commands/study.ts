/** `espalier study`: the distillations of a project over their seeds, and the published tables beside them. */
import { publishedDistillation } from '../../shared/published-distillation.ts'
import { type Study, verdictHelp } from '../../shared/study.ts'
import {
  chosenOnReportText,
  distillationTerms,
  inFull,
  publishedCaption,
  publishedColumns,
  publishedTables,
  publishedTitle,
  studyCaption,
  studyColumns,
} from '../../shared/study-text.ts'
import { studyProject } from '../../studio/compare-project.ts'
import type { DefineCommand } from '../command.ts'
import { table } from '../format.ts'

export const defineStudy: DefineCommand = (program, terminal, end) => {
  program
    .command('study')
    .description('Sum up the distillations of a project over their seeds, each against its twins without a teacher.')
    .argument('<project>', 'a .espalier file')
    .option('--json', 'print one JSON object')
    .action(async (file: string, options: { json?: true }) => {
      const study = studyProject(file)
      const text = options.json
        ? JSON.stringify({ ...study, published: publishedDistillation })
        : lines(study).join('\n')
      terminal.out(`${text}\n`)
      end(0)
    })
}

function lines({ rows }: Study): string[] {
  if (rows.length === 0) return ['There is no finished distillation in this project yet.']
  const tooHigh = chosenOnReportText(rows)
  return [
    ...table(studyColumns.map(inFull), rows),
    '',
    studyCaption,
    verdictHelp,
    `Chosen by: ${distillationTerms.chosenBy}`,
    ...(tooHigh === null ? [] : [tooHigh]),
    '',
    `${publishedTitle}, ${publishedCaption}`,
    ...publishedTables.flatMap(({ title, text, rows: own }) => [
      `${title}: ${text}`,
      ...table(publishedColumns, own).map(line => `  ${line}`),
    ]),
  ]
}
