/**
 * What was published of 2605.31191 ("capacity gap"), CIFAR-10, percent: the tables beside a study's own. The paper's first
 * version and the author's repetition disagree; both are shown, and neither is this product's claim.
 */
export interface PublishedRow {
  readonly teacher: string
  readonly student: string
  /** Mean top-1, and the standard deviation where it was given. */
  readonly baseline: readonly [mean: number, sd: number | null]
  readonly logit: readonly [mean: number, sd: number | null]
  readonly feature: readonly [mean: number, sd: number | null]
}

export interface PublishedTable {
  readonly title: string
  /** How it was measured. */
  readonly protocol: string
  /** What the source says of the clipping bug. */
  readonly reading: string
  readonly rows: readonly PublishedRow[]
}

export const publishedDistillation: readonly PublishedTable[] = [
  {
    title: 'First version',
    protocol: '3 seeds, trained on all 50,000 images, the best epoch chosen on test',
    reading:
      'Its abstract says that projections left out of the clipping suppress feature distillation, and reports the larger gains.',
    rows: [
      {
        teacher: 'ResNet-34',
        student: 'ResNet-18',
        baseline: [95.13, null],
        logit: [95.13, null],
        feature: [95.31, null],
      },
      {
        teacher: 'ResNet-50',
        student: 'ResNet-18',
        baseline: [95.13, null],
        logit: [95.34, null],
        feature: [95.21, null],
      },
      {
        teacher: 'ResNet-50',
        student: 'ResNet-34',
        baseline: [95.25, null],
        logit: [95.46, null],
        feature: [95.55, null],
      },
    ],
  },
  {
    title: "The author's repetition",
    protocol: '5 seeds, chosen on 5,000 images held out, test scored once',
    reading:
      'It finds no effect of the clipping (95.00 ± .18 with the bug, 94.95 ± .20 without, p = .69) and takes the larger gains back as chosen on test.',
    rows: [
      {
        teacher: 'ResNet-34',
        student: 'ResNet-18',
        baseline: [94.86, 0.14],
        logit: [94.78, 0.09],
        feature: [94.98, 0.15],
      },
      {
        teacher: 'ResNet-50',
        student: 'ResNet-18',
        baseline: [94.86, 0.14],
        logit: [94.91, 0.08],
        feature: [94.95, 0.2],
      },
      {
        teacher: 'ResNet-50',
        student: 'ResNet-34',
        baseline: [95.04, 0.13],
        logit: [95.13, 0.16],
        feature: [95.24, 0.1],
      },
      {
        teacher: 'ResNet-101',
        student: 'ResNet-34',
        baseline: [95.04, 0.13],
        logit: [95.1, 0.16],
        feature: [95.26, 0.11],
      },
    ],
  },
]
