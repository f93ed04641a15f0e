/** What a recipe says of training, in the words of the compiler and of the learning rate. */
import type { LearningRate } from '../../core/training/learning-rate.ts'
import type { Training } from '../../shared/training.ts'
import type { GradientGroup } from '../compile/gradient-groups.ts'
import type { TrainingProgramOptions } from '../compile/training-programs.ts'

/** The one group whose gradient norm is recorded. */
export const gradientGroup = 'all'

/** `trained` and `masked` are names of parameters. */
export function programOptions(
  {
    optimizer,
    labelSmoothing,
    clipNorm,
    precision,
  }: Pick<Training, 'optimizer' | 'labelSmoothing' | 'clipNorm' | 'precision'>,
  trained: ReadonlySet<string>,
  masked: ReadonlySet<string>,
): TrainingProgramOptions & { readonly groups: readonly GradientGroup[] } {
  const { lr: _, ...rest } = optimizer
  const clipping = clipNorm === undefined ? {} : { maxNorm: clipNorm }
  return {
    precision,
    optimizer: rest,
    labelSmoothing,
    trained,
    masked,
    groups: [{ name: gradientGroup, parameters: trained, ...clipping }],
  }
}

/** Of one training from its first epoch to its last. */
export function learningRateOf({
  optimizer,
  schedule,
  epochs,
}: Pick<Training, 'optimizer' | 'schedule' | 'epochs'>): LearningRate {
  const { kind, per, warmUpEpochs } = schedule
  const halves = [Math.round(epochs / 2), Math.round((3 * epochs) / 4)]
  return {
    schedule: kind,
    per,
    epochs,
    warmUpEpochs,
    lr: optimizer.lr,
    minimum: 'minimum' in schedule ? schedule.minimum : 0,
    milestones: (kind === 'step' && schedule.milestones) || halves,
    factor: kind === 'step' ? schedule.factor : 1,
  }
}
