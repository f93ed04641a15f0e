/** Every point of a run's curves, and the two ways they leave the studio: a row a point, and an object a curve. */
import { z } from 'zod'
import { type CsvValue, toCsv } from './csv.ts'
import type { MetricPoint, RunSummary } from './domain.ts'

/** One quantity over one stage, as it was recorded: nothing is thinned out or smoothed. */
export const curveSchema = z.strictObject({
  stage: z.int().min(0),
  metric: z.string(),
  /** Steps of the stage; of a federation, rounds. */
  steps: z.array(z.number()),
  values: z.array(z.number()),
})
export type Curve = z.infer<typeof curveSchema>

/** In the order in which they began. */
export function curvesFrom(points: readonly MetricPoint[]): Curve[] {
  const curves = new Map<string, Curve>()
  for (const { stage, name, step, value } of points) {
    const key = `${stage} ${name}`
    const curve = curves.get(key) ?? { stage, metric: name, steps: [], values: [] }
    curve.steps.push(step)
    curve.values.push(value)
    curves.set(key, curve)
  }
  return [...curves.values()]
}

export interface CurvesOfRun {
  readonly run: Pick<RunSummary, 'number' | 'name' | 'seed'> & {
    readonly stages: readonly Pick<RunSummary['stages'][number], 'use'>[]
  }
  readonly curves: readonly Curve[]
}

/** Stages count from 0, as in `espalier run --json`. */
export const curveRecords = ({ run, curves }: CurvesOfRun) =>
  curves.map(({ stage, ...curve }) => ({
    run: run.number,
    name: run.name,
    seed: run.seed,
    stage,
    use: run.stages[stage]?.use ?? '',
    ...curve,
  }))

export const curvesCsvHead = toCsv([['run', 'name', 'seed', 'stage', 'use', 'metric', 'step', 'value']])

/** Without the head, so that the rows of several runs stand under one. */
export const curvesCsvRows = (curvesOfRun: CurvesOfRun): string =>
  curveRecords(curvesOfRun)
    .map(({ run, name, seed, stage, use, metric, steps, values }) =>
      toCsv(steps.map((step, i): CsvValue[] => [run, name, seed, stage, use, metric, step, values[i]])),
    )
    .join('')
