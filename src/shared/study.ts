/** A study of distillation: teacher-student pairs times losses times seeds, as one recipe, and the table it comes to. */
import { z } from 'zod'
import { distillationLosses, idsOf } from './methods.ts'
import { distill } from './stages/distill.ts'

const { teacher, loss, alpha, temperature, beta, taps, teacherScaling, clipping } = distill.parameters

/** A parameter of the stage that holds as the stage says it where it is left out. */
const leftToStage = <T extends z.ZodType>(parameter: z.ZodDefault<T>) =>
  parameter
    .unwrap()
    .optional()
    .meta({ ...parameter.meta() })

const studentSchema = z
  .strictObject({
    checkpoint: z
      .string()
      .min(1)
      .optional()
      .meta({ label: 'Checkpoint', help: 'A weights file; relative to the recipe.', suggests: 'checkpoints' }),
    architecture: z
      .string()
      .min(1)
      .optional()
      .meta({ label: 'Architecture', help: 'An id such as resnet8-a, for fresh weights.' }),
  })
  .refine(({ checkpoint, architecture }) => checkpoint !== undefined || architecture !== undefined, {
    message: 'needs a checkpoint, or an architecture for fresh weights',
  })
  .meta({ label: 'Student', help: 'The network that learns: one of its places.' })

export const recipeStudySchema = z
  .strictObject({
    pairs: z
      .array(z.strictObject({ teacher, student: studentSchema }).meta({ label: 'Pair' }))
      .min(1)
      .max(100)
      .optional()
      .meta({ label: 'Pairs', help: 'Teachers and students instead of those of the recipe.' }),
    losses: z
      .array(
        z
          .strictObject({
            loss: z.enum(idsOf(distillationLosses)).meta({ ...loss.meta() }),
            alpha: leftToStage(alpha),
            temperature: leftToStage(temperature),
            beta: leftToStage(beta),
            taps,
            teacherScaling: leftToStage(teacherScaling),
            clipping: leftToStage(clipping),
          })
          .meta({ label: 'Loss' }),
      )
      .min(1)
      .max(100)
      .optional()
      .meta({ label: 'Losses', help: 'What a distillation stage says of its loss, instead of what it does.' }),
    repeat: z
      .enum(['all', 'best'])
      .default('all')
      .meta({
        label: 'Repeat',
        help: 'Which losses run under more seeds than the first.',
        choices: {
          all: { label: 'All', help: 'every pair and loss runs under every seed' },
          best: {
            label: 'The best',
            help: 'of each pair and kind of loss the settings that did best under the first seed, by the samples that choose the epoch',
          },
        },
      }),
  })
  .refine(({ pairs, losses }) => pairs !== undefined || losses !== undefined, 'needs pairs, losses or both')

/** Mean, standard deviation (n - 1) and n of one number per seed. Shares in [0, 1]. */
export const spreadSchema = z.strictObject({
  n: z.int().min(1),
  mean: z.number(),
  /** Null for one seed. */
  sd: z.number().nullable(),
})
export type Spread = z.output<typeof spreadSchema>

/**
 * `gain` and `loss` where a two-sided Welch test at 5 % sees a difference from the twins, `noise` where it sees none, and
 * `untested` where there are too few seeds.
 */
export const verdicts = {
  gain: 'gain',
  loss: 'loss',
  noise: 'noise',
  untested: 'untested',
} as const
export type Verdict = keyof typeof verdicts

/** What the words mean. */
export const verdictHelp =
  'A gain or a loss is a difference from the twins that a two-sided Welch test sees at 5 %. Noise is one that it does not see: seeds differ as much among each other. Untested: too few seeds to tell.'

export const studyRowSchema = z.strictObject({
  student: z.string(),
  teacher: z.string(),
  /** Loss and its settings. */
  loss: z.string(),
  /** By which samples the epochs were chosen, and on which they are reported. */
  choose: z.enum(['validation', 'test']),
  split: z.enum(['validation', 'test']),
  /** Whether these are the same, so that what is reported is too high. */
  chosenOnReport: z.boolean(),
  epochs: z.int(),
  /** On the samples that chose the epoch: what settings may be chosen by. Null where there were none. */
  chosenTop1: spreadSchema.nullable(),
  teacherTop1: z.number(),
  seeds: z.array(
    z.strictObject({
      seed: z.int(),
      /** Number of the run. */
      run: z.int(),
      top1: z.number(),
      twinTop1: z.number(),
      agreement: z.number(),
      kl1: z.number(),
      kl4: z.number(),
    }),
  ),
  top1: spreadSchema,
  twin: spreadSchema,
  /** top1 - twin, of the means. */
  gain: z.number(),
  welch: z.strictObject({ t: z.number(), df: z.number(), p: z.number() }).nullable(),
  verdict: z.enum(Object.keys(verdicts) as [Verdict, ...Verdict[]]),
  agreement: spreadSchema,
  kl1: spreadSchema,
  kl4: spreadSchema,
})
export type StudyRow = z.output<typeof studyRowSchema>

export const studySchema = z.strictObject({ rows: z.array(studyRowSchema) })
export type Study = z.output<typeof studySchema>
