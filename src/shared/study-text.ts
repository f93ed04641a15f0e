/** A study's table and the published ones in words: for the terminal, the window and the page of results. */
import { type PublishedRow, publishedDistillation } from './published-distillation.ts'
import { type Spread, type StudyRow, verdictHelp, verdicts } from './study.ts'

/** What words about distillation mean. */
export const distillationTerms = {
  twin: 'The same student, seed and training without a teacher: what the teacher has to beat.',
  chosenBy:
    'Top-1 in percent on the samples that chose the epoch, and the settings where a study repeats the best: not what is reported.',
  agreement: 'Share of samples to which student and teacher give the same class, right or wrong.',
  divergence:
    'Kullback-Leibler divergence from the teacher’s probabilities to these, in nats, at this temperature. 0 = the same; a higher temperature looks more at the unlikely classes.',
} as const

export interface StudyColumn<Row> {
  readonly title: string
  readonly text: (row: Row) => string
  /** Numbers stand right. */
  readonly right?: boolean
  /** What the title means. */
  readonly help?: string
  /** What stands behind the text where there is room. */
  readonly detail?: (row: Row) => string
}

const percent = (share: number) => (100 * share).toFixed(2)
const spread = (mean: string, sd: string | null) => (sd === null ? mean : `${mean} ± ${sd}`)
const shares = ({ mean, sd }: Spread) => spread(percent(mean), sd === null ? null : percent(sd))

/** In percent and points, but for the divergences, which are nats. */
export const studyColumns: readonly StudyColumn<StudyRow>[] = [
  { title: 'Student', text: row => row.student },
  { title: 'Teacher', text: row => row.teacher },
  { title: 'Its top-1', text: row => percent(row.teacherTop1), right: true },
  { title: 'Loss', text: row => row.loss },
  { title: 'Epochs', text: row => String(row.epochs), right: true },
  { title: 'n', text: row => String(row.top1.n), right: true },
  {
    title: 'Chosen by',
    text: row => (row.chosenTop1 ? shares(row.chosenTop1) : '-'),
    right: true,
    help: distillationTerms.chosenBy,
  },
  { title: 'Without', text: row => shares(row.twin), right: true, help: distillationTerms.twin },
  { title: 'With', text: row => `${shares(row.top1)}${row.chosenOnReport ? ' *' : ''}`, right: true },
  { title: 'Gain', text: ({ gain }) => `${gain < 0 ? '-' : '+'}${percent(Math.abs(gain))}`, right: true },
  { title: 'Verdict', text: row => verdicts[row.verdict], help: verdictHelp },
  {
    title: 'p',
    text: ({ welch }) => (welch ? welch.p.toFixed(3) : '-'),
    detail: ({ welch }) => (welch ? `t ${welch.t.toFixed(2)}, df ${welch.df.toFixed(1)}` : ''),
    right: true,
    help: 'How likely a difference as large as this is where there is none: two-sided Welch test of the seeds against their twins.',
  },
  { title: 'Agreement', text: row => shares(row.agreement), right: true, help: distillationTerms.agreement },
  { title: 'KL, T = 1', text: row => row.kl1.mean.toFixed(3), right: true, help: distillationTerms.divergence },
  { title: 'KL, T = 4', text: row => row.kl4.mean.toFixed(4), right: true, help: distillationTerms.divergence },
]

/** The column with what stands behind its text. */
export const inFull = <Row>(column: StudyColumn<Row>): StudyColumn<Row> => ({
  ...column,
  text: row => [column.text(row), column.detail?.(row)].filter(Boolean).join(', '),
})

export const studyCaption =
  'Top-1 and agreement in percent, gains in points; mean ± standard deviation over n seeds. Without: the twins, of the same seeds and no teacher.'

/** Of the mark behind a number; null where no row has it. */
export const chosenOnReportText = (rows: readonly StudyRow[]): string | null =>
  rows.some(row => row.chosenOnReport) ? '* chosen by the samples that are reported: these numbers are too high.' : null

export const publishedTitle = 'Published for CIFAR-10 (2605.31191)'
export const publishedCaption =
  '100 epochs of ResNet-18 and 34: not comparable with other networks, schedules and data. The two versions disagree; neither is asserted here.'

type Published = PublishedRow['logit']
const published = ([mean, sd]: Published) => spread(mean.toFixed(2), sd === null ? null : sd.toFixed(2))

/** Top-1 in percent. */
export const publishedColumns: readonly StudyColumn<PublishedRow>[] = [
  { title: 'Student', text: row => row.student },
  { title: 'Teacher', text: row => row.teacher },
  { title: 'Without', text: row => published(row.baseline), right: true },
  { title: 'Logits', text: row => published(row.logit), right: true },
  { title: 'Features', text: row => published(row.feature), right: true },
]

export const publishedTables = publishedDistillation.map(({ title, protocol, reading, rows }) => ({
  title,
  rows,
  text: `${protocol}. ${reading}`,
}))
