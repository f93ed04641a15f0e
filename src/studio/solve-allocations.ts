/** Allocations for a target from the curves of a finished stage (`shared/allocation.ts`). */
import { setImmediate } from 'node:timers/promises'
import type { Model, Weights } from '../core/graph/model.ts'
import { initialise } from '../core/initialise.ts'
import { type AllocationSolver, createAllocationSolver, type SolvedPlan } from '../core/pruning/allocation-solver.ts'
import { rankedLayers } from '../core/pruning/prune.ts'
import { floorShare } from '../core/pruning/share.ts'
import { fileSizes, sparsityForFileSize, zerosForFileSize } from '../engine/pruning-target.ts'
import { openCheckpoint } from '../formats/checkpoints.ts'
import { importModel } from '../formats/import-model.ts'
import { modelFromBytes } from '../formats/model-file.ts'
import type { AllocationAnswer, AllocationQuestion, SolvedAllocation } from '../shared/allocation.ts'
import { curveAllocations, type DistortionCurve } from '../shared/distortion.ts'
import { EspalierError, toErrorData } from '../shared/errors.ts'
import type { AllocationId } from '../shared/methods.ts'
import type { StageOf } from '../shared/stages.ts'
import type { Project } from './project/project.ts'
import type { StoredRun } from './project/runs.ts'

/** What is asked about again and again while a slider moves. */
interface Subject {
  readonly stage: StageOf<'prune'>
  readonly layers: AllocationAnswer['layers']
  readonly file: AllocationAnswer['file']
  readonly curves: readonly DistortionCurve[]
  readonly solver: AllocationSolver
}

export interface AllocationDesk {
  /** `run` is the one that is asked about. Throws `not-found`, `run.inputs-changed`, `file.*`. */
  answer(question: AllocationQuestion, run: StoredRun): Promise<AllocationAnswer>
}

/** Keeps what it made of the last stage that was asked about. */
export function createAllocationDesk(project: Project): AllocationDesk {
  let open: { readonly key: string; readonly subject: Promise<Subject> } | undefined
  return {
    async answer(question, run) {
      const key = JSON.stringify([question.run, question.stage, run.summary.identity])
      if (open?.key !== key) open = { key, subject: openSubject(project, run, question.stage) }
      const asked = open
      try {
        const subject = await asked.subject
        // Others are served meanwhile.
        for (const allocation of question.allocations)
          for (const _ of subject.solver.prepare(allocation)) await setImmediate()
        return await answer(question, subject)
      } catch (thrown) {
        if (open === asked) open = undefined
        throw thrown
      }
    },
  }
}

async function openSubject(project: Project, run: StoredRun, position: number): Promise<Subject> {
  const { number, seed } = run.summary
  const [stage, finished] = [run.recipe.stages[position], project.stages.finishedOf(run.summary.id)]
  const [before, own] = [finished.slice(0, position), finished[position]]
  const curves = own?.outcome.use === 'prune' ? own.outcome.result.curves : undefined
  const bytes = own?.weights && project.weights.get(own.weights)
  if (stage?.use !== 'prune' || !curves || !bytes)
    throw new EspalierError({
      code: 'not-found',
      message: `Stage ${position} of run ${number} has no rate-distortion curves.`,
      rule: `A finished prune stage has them whose allocation is ${curveAllocations.join(' or ')}.`,
    })
  const { graph, ...pruned } = modelFromBytes(bytes, `the model of run ${number}`)
  const earlier = before.findLast(({ weights }) => weights !== null)?.weights
  const weights = earlier
    ? modelFromBytes(project.weights.get(earlier)!, `the model of run ${number}`).weights
    : await firstWeights(run, graph)
  const model: Model = { ...pruned, graph, weights, masks: new Map() }
  // By magnitude where the order of the weights is not known: allocations that are made from curves need none.
  const score = stage.score === 'taylor' ? 'magnitude' : stage.score
  const ranked = rankedLayers(model, { score, seed })
  return {
    stage,
    curves,
    file: fileSizes(model),
    layers: ranked.rankings.map(({ layer, keys, zeros }, i) => ({
      name: layer,
      weights: keys.length,
      zeros,
      macs: ranked.macs[i]!,
    })),
    solver: createAllocationSolver(ranked, seed),
  }
}

/** What the run started from. */
async function firstWeights({ recipe, inputs, summary }: StoredRun, graph: Model['graph']): Promise<Weights> {
  const { checkpoint, architecture } = recipe.model
  if (checkpoint === undefined) return initialise(graph, summary.seed)
  const file = await openCheckpoint(checkpoint)
  if (file.fingerprint !== inputs?.model.fingerprint)
    throw new EspalierError({
      code: 'run.inputs-changed',
      message: `${checkpoint} is not what run ${summary.number} started from any more.`,
      file: checkpoint,
      hint: 'Run it again, and look at the new run.',
    })
  return importModel(file, architecture === undefined ? {} : { architecture }).model.weights
}

async function answer(question: AllocationQuestion, subject: Subject): Promise<AllocationAnswer> {
  const { stage, layers, file, solver, curves } = subject
  const budget = question.budget ?? stage.budget
  const total = layers.reduce((sum, { weights, macs }) => sum + (budget === 'macs' ? macs : weights), 0)
  const [floors, locks] = [question.floors ?? stage.floors, question.locks ?? stage.locks]
  const distortion = {
    ...{ curves, budget, curve: question.curve ?? stage.curve, monotone: question.monotone ?? stage.monotone },
    ...(floors && { floors }),
    ...(locks && { locks }),
  }
  const minimumKeep = question.minimumKeep ?? stage.minimumKeep
  const plans: AllocationAnswer['plans'][number][] = []
  for (const allocation of question.allocations) {
    // Each may read every weight of the network: a slider that moves again must not wait for all of them.
    await setImmediate()
    try {
      requireKnown(allocation, subject, budget)
      const solved = solveFor(question, subject, sparsity =>
        solver.solve({ allocation, sparsity, minimumKeep, distortion }),
      )
      plans.push({ allocation, plan: planOf(solved, layers), error: null })
    } catch (thrown) {
      if (!(thrown instanceof EspalierError)) throw thrown
      // Another allocation may have a plan.
      plans.push({ allocation, plan: null, error: toErrorData(thrown) })
    }
  }
  const { bytes } = question
  const gone = bytes === undefined ? floorShare(question.sparsity!, total) : zerosForFileSize(file, bytes)
  return { layers, asked: { budget, gone: Math.min(gone, total), total }, file, plans }
}

/** Of a file size the sparsity follows, for each allocation on its own. */
function solveFor(
  { sparsity, bytes }: AllocationQuestion,
  { file, layers }: Subject,
  solve: (sparsity: number) => SolvedPlan,
): SolvedPlan {
  if (bytes === undefined) return solve(sparsity!)
  let solved: SolvedPlan | undefined
  const zerosAt = (share: number) => {
    solved = solve(share)
    return sum(solved.zeros)
  }
  sparsityForFileSize(file, { bytes }, zerosAt, sum(layers.map(({ zeros }) => zeros)))
  return solved!
}

/** As a recipe would be refused, or what only a run finds out. */
function requireKnown(allocation: AllocationId, { stage }: Subject, budget: string): void {
  if (curveAllocations.includes(allocation)) return
  if (budget !== 'weights')
    throw new EspalierError({
      code: 'argument.invalid',
      message: `The allocation ${allocation} knows no budget of ${budget}.`,
      rule: `Budgets other than weights are for the allocations ${curveAllocations.join(' and ')}.`,
    })
  if (stage.score === 'taylor')
    throw new EspalierError({
      code: 'argument.invalid',
      message: `The allocation ${allocation} with the score taylor needs gradients.`,
      rule: 'Gradients are measured in a run.',
    })
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

function planOf(solved: SolvedPlan, layers: AllocationAnswer['layers']): SolvedAllocation {
  const zeros = sum(solved.zeros)
  return {
    zeros,
    sparsity: zeros / sum(layers.map(({ weights }) => weights)),
    macs: { total: sum(layers.map(({ macs }) => macs)), nonzero: solved.nonzeroMacs },
    gone: solved.gone,
    distortion: sum(solved.distortion),
    layers: solved.zeros.map((count, i) => ({ zeros: count, distortion: solved.distortion[i]! })),
  }
}
