/** Training as the double of the studio plays it: five steps an epoch, numbers of plausible size. */
import type { MetricPoint } from '../../../src/shared/domain.ts'
import type { Stage, StageOutcome } from '../../../src/shared/stages.ts'
import type { EpochRecord, Training } from '../../../src/shared/training.ts'

export const stepsPerEpoch = 5

export const trainingOf = (stage: Stage): Training | undefined =>
  stage.use === 'train' ? stage : stage.use === 'prune' ? stage.train : undefined

const epochAt = (epoch: number, sparsity: number): EpochRecord => ({
  epoch,
  loss: 1.6 / epoch,
  trainTop1: 1 - 0.5 / epoch,
  valTop1: 1 - 0.55 / epoch,
  valLoss: 1.8 / epoch,
  learningRate: 0.01,
  sparsity,
  seconds: 0.2,
})

/** What is recorded with step 1, 2, 3 ... */
export function pointsAt(stage: number, step: number): MetricPoint[] {
  const values: Record<string, number> = {
    loss: 2 / (1 + step / stepsPerEpoch) + ((step * 7) % 5) / 20,
    gradientNorm: 1 + ((step * 3) % 7) / 10,
    learningRate: 0.01,
    samplesPerSecond: 600 + step,
    memory: 800_000_000,
    seconds: step * 0.04,
  }
  if (step % stepsPerEpoch === 0) {
    const { epoch, loss, trainTop1, valTop1, valLoss } = epochAt(step / stepsPerEpoch, 0)
    Object.assign(values, { epoch, trainLoss: loss, trainTop1, valTop1, valLoss })
  }
  return Object.entries(values).map(([name, value]) => ({ stage, name, step, value }))
}

export function trainingOutcome(training: Training, counts: { zeros: number; weights: number }) {
  return {
    trainableParams: 269_722,
    epochs: Array.from({ length: training.epochs }, (_, i) => epochAt(i + 1, counts.zeros / counts.weights)),
    kept: training.epochs,
    stoppedEarly: false,
  } satisfies Partial<Extract<StageOutcome, { use: 'train' }>['result']>
}
