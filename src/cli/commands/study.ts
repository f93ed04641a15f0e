/** `espalier study`: the distillations of a project over their seeds, and the published tables beside them. */
import { type PublishedRow, publishedDistillation } from '../../shared/published-distillation.ts'
import { type Spread, type Study, type StudyRow, verdictHelp, verdicts } from '../../shared/study.ts'
import { studyProject } from '../../studio/compare-project.ts'
import type { DefineCommand } from '../command.ts'
import { percent, table } from '../format.ts'

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

const points = (share: number) => `${share < 0 ? '-' : '+'}${(100 * Math.abs(share)).toFixed(2)}`
const spread = ({ mean, sd }: Spread) => `${(100 * mean).toFixed(2)}${sd === null ? '' : ` ± ${(100 * sd).toFixed(2)}`}`

function lines({ rows }: Study): string[] {
  if (rows.length === 0) return ['There is no finished distillation in this project yet.']
  const own = table<StudyRow>(
    [
      { title: 'student', text: row => row.student },
      { title: 'teacher', text: row => row.teacher },
      { title: 'top-1', text: row => percent(row.teacherTop1), right: true },
      { title: 'loss', text: row => row.loss },
      { title: 'epochs', text: row => String(row.epochs), right: true },
      { title: 'chosen by, %', text: row => (row.chosenTop1 ? spread(row.chosenTop1) : '-'), right: true },
      { title: 'n', text: row => String(row.top1.n), right: true },
      { title: 'without, %', text: row => spread(row.twin), right: true },
      { title: 'with, %', text: row => spread(row.top1), right: true },
      { title: 'gain', text: row => points(row.gain), right: true },
      { title: '', text: row => verdicts[row.verdict] + chosenText(row) },
      {
        title: 'Welch',
        text: ({ welch }) =>
          welch ? `t ${welch.t.toFixed(2)}, df ${welch.df.toFixed(1)}, p ${welch.p.toFixed(3)}` : '-',
      },
      { title: 'agreement, %', text: row => spread(row.agreement), right: true },
      { title: 'KL, T=1', text: row => row.kl1.mean.toFixed(3), right: true },
      { title: 'KL, T=4', text: row => row.kl4.mean.toFixed(4), right: true },
    ],
    rows,
  )
  const isChosenOnReport = rows.some(row => chosenText(row) !== '')
  return [
    ...own,
    '',
    verdictHelp,
    '"Chosen by" is the accuracy on the samples that chose the epoch, and settings where a study repeats the best.',
    ...(isChosenOnReport ? ['*: chosen on the samples that are reported, so these numbers are too high.'] : []),
    '',
    ...publishedLines(),
  ]
}

const chosenText = ({ choose, split }: StudyRow) => (choose === 'test' && split === 'test' ? ' *' : '')

/** Both readings, asserted by neither line of ours. */
function publishedLines(): string[] {
  const value = ([mean, sd]: PublishedRow['logit']) => `${mean.toFixed(2)}${sd === null ? '' : ` ± ${sd.toFixed(2)}`}`
  return [
    'Published for CIFAR-10 (2605.31191, 100 epochs; not comparable with other networks, schedules and data):',
    ...publishedDistillation.flatMap(({ title, protocol, reading, rows }) => [
      `${title}: ${protocol}. ${reading}`,
      ...table<PublishedRow>(
        [
          { title: 'student', text: row => row.student },
          { title: 'teacher', text: row => row.teacher },
          { title: 'without, %', text: row => value(row.baseline), right: true },
          { title: 'logits, %', text: row => value(row.logit), right: true },
          { title: 'features, %', text: row => value(row.feature), right: true },
        ],
        rows,
      ).map(line => `  ${line}`),
    ]),
  ]
}
