import { z } from 'zod'
import { distillationLosses, idsOf } from '../methods.ts'
import { defineStage, sparsityCounts } from '../stage.ts'
import { checkTraining, epochSchema, trainingParameters, trainingResult } from '../training.ts'

const teacherSchema = z
  .strictObject({
    checkpoint: z
      .string()
      .min(1)
      .optional()
      .meta({ label: 'Checkpoint', help: 'A weights file; relative to the recipe.', suggests: 'checkpoints' }),
    architecture: z.string().min(1).optional().meta({
      label: 'Architecture',
      help: 'An id such as resnet20-a. It is found from the file where it is left out.',
    }),
    run: z.int().min(1).optional().meta({
      label: 'Run',
      help: 'Number of a finished run of this project: the model that it came to.',
    }),
    stage: z.int().min(0).optional().meta({
      label: 'Stage',
      help: 'Number of an earlier stage of this recipe, the first is 0: the model as it left it.',
    }),
  })
  .check(({ value: { checkpoint, architecture, run, stage }, issues }) => {
    const fault = (path: string[], message: string) => issues.push({ code: 'custom', message, input: undefined, path })
    const places = [checkpoint, run, stage].filter(place => place !== undefined)
    if (places.length !== 1) fault([], 'needs one of checkpoint, run and stage')
    else if (architecture !== undefined && checkpoint === undefined) fault(['architecture'], 'is for a checkpoint')
  })
export type TeacherSource = z.output<typeof teacherSchema>

/** A tap twice would be one projection with two gradients. */
function requireDistinct({
  value,
  issues,
}: {
  readonly value: number[]
  readonly issues: z.core.$ZodRawIssue[]
}): void {
  const again = value.findIndex((tap, index) => value.indexOf(tap) < index)
  if (again >= 0)
    issues.push({ code: 'custom', message: 'stands there before: each tap once', input: value[again], path: [again] })
}

const count = z.int().min(0)

const fidelityShape = {
  /** Share of samples to which network and teacher give the same class. */
  agreement: z.number(),
  /** Mean KL(teacher || network) at temperature 1 and 4, in nats. */
  kl1: z.number(),
  kl4: z.number(),
}

/** A network scored on the report split. */
const accuracyShape = {
  correct: count,
  total: z.int().min(1),
  top1: z.number(),
  /** Mean cross-entropy in nats. */
  loss: z.number(),
  /** Per class, in class order. */
  classes: z.array(z.strictObject({ name: z.string(), correct: count, total: count })),
}
const scoreShape = { ...accuracyShape, ...fidelityShape }
const distillationScoreSchema = z.strictObject(scoreShape)
export type DistillationScore = z.output<typeof distillationScoreSchema>

/** The same student, seed and training without a teacher. */
export const twinSchema = z.strictObject({
  ...accuracyShape,
  /** To the teacher of this stage; absent where the twin was trained by a run that may have had another. */
  fidelity: z.strictObject(fidelityShape).optional(),
  epochs: z.array(epochSchema).min(1),
  /** The epoch whose weights were scored. */
  kept: z.int().min(1),
  stoppedEarly: z.boolean(),
})
export type Twin = z.output<typeof twinSchema>

export const distill = defineStage({
  use: 'distill',
  label: 'Distil',
  help: 'Trains the model to be like a teacher as well as to be right, and beside it a twin that has no teacher.',
  changesModel: true,
  parameters: {
    teacher: teacherSchema.meta({ label: 'Teacher', help: 'The network to learn from: one of its places.' }),
    loss: z
      .enum(idsOf(distillationLosses))
      .default('logit')
      .meta({ label: 'Loss', help: 'In what the student is to be like its teacher.', choices: distillationLosses }),
    alpha: z.number().min(0).max(1).default(0.7).meta({
      label: 'Alpha',
      unit: 'share',
      help: 'Share of the loss that is about the teacher; cross-entropy has the rest.',
    }),
    ...trainingParameters,
    temperature: z.number().gt(0).max(1000).default(4).meta({
      label: 'Temperature',
      help: 'Of the loss logit: what logits are divided by, so that the small probabilities count.',
    }),
    beta: z.number().min(0).max(1000).default(0.5).meta({
      label: 'Beta',
      help: 'Of the loss feature: weight of the cosine of pooled features beside their squared difference.',
    }),
    taps: z.array(z.int().min(1)).min(1).max(16).check(requireDistinct).optional().meta({
      label: 'Taps',
      unit: 'stages',
      help: 'Of the loss feature: numbers of the network stages that are compared, the first is 1. Left out: all.',
    }),
    teacherScaling: z.boolean().default(false).meta({
      label: 'Teacher scaling',
      help: 'Of the loss feature: divides features by the standard deviation of the teacher in each batch.',
    }),
    clipNorm: z.number().gt(0).default(1).meta({
      label: 'Clip gradients',
      help: 'Scales the gradient down where its norm is larger. The twin has the same limit.',
    }),
    clipping: z
      .enum(['together', 'student-only'])
      .default('together')
      .meta({
        label: 'Clipping',
        help: 'Which gradients have one norm.',
        choices: {
          together: { label: 'Together', help: 'those of student and projections' },
          'student-only': {
            label: 'Projections left out',
            help: 'the published bug: projections are trained with gradients that are never clipped',
          },
        },
      }),
    choose: z
      .enum(['validation', 'test'])
      .default('validation')
      .meta({
        label: 'Choose on',
        help: 'By which samples the best epoch is chosen.',
        choices: {
          validation: { label: 'Validation', help: 'test samples are scored once, at the end' },
          test: {
            label: 'Test',
            help: "the protocol of the paper's first version: what is reported was chosen on the same samples, so it is too high",
          },
        },
      }),
  },
  sections: [
    { keys: ['temperature'], when: { key: 'loss', is: ['logit'] } },
    { keys: ['beta', 'taps', 'teacherScaling', 'clipping'], when: { key: 'loss', is: ['feature'] } },
  ],
  check: checkTraining,
  result: {
    ...trainingResult,
    ...sparsityCounts,
    ...scoreShape,
    /** Of the samples that were scored. */
    split: z.enum(['validation', 'test']),
    /** On which the epoch was chosen. */
    choose: z.enum(['validation', 'test']),
    clipping: z.enum(['together', 'student-only']),
    teacher: z.strictObject({
      name: z.string(),
      architecture: z.string(),
      ...scoreShape,
      /** On validation; null where there is none. */
      valTop1: z.number().nullable(),
    }),
    twin: twinSchema,
    /** What equal twins have in common; absent outside of a project. */
    twinKey: z.string().optional(),
    /** top1 - twin.top1 */
    gain: z.number(),
    /** What was found before training, each a sentence. */
    notes: z.array(z.string()),
  },
})

/** Before the names of the curves of a twin. */
export const twinPrefix = 'twin.'

type DistillStage = z.output<typeof distill.schema>

/** Whether the epoch is chosen by the samples that are reported, so that what is reported is too high. */
export const isChosenOnReport = (
  { choose, keep, earlyStop }: Pick<DistillStage, 'choose' | 'keep' | 'earlyStop'>,
  split: 'validation' | 'test',
): boolean => choose === split && (keep === 'best' || earlyStop !== undefined)

/** Everything that a twin depends on beside its student, seed and data: equal settings have one twin. */
export function twinSettings(stage: DistillStage) {
  const { teacher: _t, loss: _l, alpha: _a, temperature: _T, beta: _b, taps: _p, teacherScaling: _s, ...rest } = stage
  const { clipping: _c, ...settings } = rest
  return settings
}
