/** What distillations of a project come to over their seeds. Pure: what is stored of runs in, the table out. */
import { mean, sampleStandardDeviation } from '../core/statistics/summary.ts'
import { type Welch, welchTest } from '../core/statistics/welch.ts'
import { isChosenOnReport } from '../shared/stages/distill.ts'
import type { StageOf, StageResultOf } from '../shared/stages.ts'
import type { Spread, Study, StudyRow, Verdict } from '../shared/study.ts'
import type { StoredRun } from './project/runs.ts'

interface Distilled {
  readonly run: StoredRun
  readonly index: number
  readonly stage: StageOf<'distill'>
  readonly result: StageResultOf<'distill'>
}

/** One row for every student, teacher, loss and way of training, in the order of their first runs; a seed counts once. */
export function studyOf(runs: readonly StoredRun[]): Study {
  const groups = new Map<string, Map<number, Distilled>>()
  for (const run of [...runs].sort((a, b) => a.summary.number - b.summary.number)) {
    for (const distilled of distillationsOf(run)) {
      const key = groupKey(distilled)
      const group = groups.get(key) ?? new Map<number, Distilled>()
      // The same seed again came to the same.
      if (!group.has(run.summary.seed)) group.set(run.summary.seed, distilled)
      groups.set(key, group)
    }
  }
  return { rows: [...groups.values()].map(group => rowOf([...group.values()])) }
}

function distillationsOf(run: StoredRun): Distilled[] {
  return run.summary.stages.flatMap(({ index, outcome }) => {
    const stage = run.recipe.stages[index]
    if (stage?.use !== 'distill' || outcome?.use !== 'distill') return []
    return [{ run, index, stage, result: outcome.result }]
  })
}

/** All that the recipe says but the seed and the names. */
function groupKey({ run: { recipe, inputs }, index, stage, result }: Distilled): string {
  const { data, model, stages } = recipe
  const before = stages.slice(0, index)
  return JSON.stringify([model, inputs?.model.fingerprint, data, before, stage, result.split])
}

function rowOf(members: readonly Distilled[]): StudyRow {
  const [{ run, stage, result }] = members as readonly [Distilled]
  const own = members.map(({ result: { top1 } }) => top1)
  const twins = members.map(({ result: { twin } }) => twin.top1)
  const welch = welchTest(own, twins)
  const chosen = members.map(member => chosenTop1(member.result)).filter(value => value !== null)
  return {
    student: run.inputs?.model.architecture ?? run.recipe.model.architecture ?? '',
    teacher: `${result.teacher.architecture} (${result.teacher.name})`,
    loss: lossText(stage),
    choose: stage.choose,
    split: result.split,
    chosenOnReport: isChosenOnReport(stage, result.split),
    epochs: stage.epochs,
    chosenTop1: chosen.length > 0 ? spreadOf(chosen) : null,
    teacherTop1: result.teacher.top1,
    seeds: members.map(({ run: { summary }, result: { top1, twin, agreement, kl1, kl4 } }) => ({
      seed: summary.seed,
      run: summary.number,
      top1,
      twinTop1: twin.top1,
      agreement,
      kl1,
      kl4,
    })),
    top1: spreadOf(own),
    twin: spreadOf(twins),
    gain: mean(own) - mean(twins),
    welch,
    verdict: verdictOf(welch),
    agreement: spreadOf(members.map(member => member.result.agreement)),
    kl1: spreadOf(members.map(member => member.result.kl1)),
    kl4: spreadOf(members.map(member => member.result.kl4)),
  }
}

/** Accuracy of the weights that were kept, on the samples that chose them. */
export const chosenTop1 = ({ epochs, kept }: Pick<StageResultOf<'distill'>, 'epochs' | 'kept'>): number | null =>
  epochs[kept - 1]?.valTop1 ?? null

const spreadOf = (values: readonly number[]): Spread => ({
  n: values.length,
  mean: mean(values),
  sd: sampleStandardDeviation(values),
})

const level = 0.05

function verdictOf(welch: Welch | null): Verdict {
  if (!welch) return 'untested'
  if (welch.p >= level) return 'noise'
  return welch.t > 0 ? 'gain' : 'loss'
}

function lossText(stage: StageOf<'distill'>): string {
  const parts = stage.loss === 'logit' ? [`T ${stage.temperature}`] : [`beta ${stage.beta}`]
  if (stage.loss === 'feature' && stage.taps) parts.push(`taps ${stage.taps.join(' ')}`)
  if (stage.loss === 'feature' && stage.teacherScaling) parts.push('scaled')
  if (stage.loss === 'feature' && stage.clipping === 'student-only') parts.push('projections left out of clipping')
  return `${stage.loss}, alpha ${stage.alpha}, ${parts.join(', ')}`
}
