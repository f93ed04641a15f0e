/**
 * The two stages of 2605.31191 (five-systems, section 1b): every setting of the loss under the first seed, then the one
 * that did best on the samples that choose epochs under the others.
 */
import type { RunSummary } from '../shared/domain.ts'
import { plural } from '../shared/plural.ts'
import type { Recipe } from '../shared/recipe.ts'
import type { Announcer } from './announcer.ts'
import type { Project } from './project/project.ts'
import type { Queue } from './queue.ts'
import { chosenTop1 } from './study.ts'
import { type StudyMember, studyMembers } from './study-recipes.ts'

interface Candidate extends StudyMember {
  readonly run: RunSummary
}

interface SelectionOptions {
  readonly project: Project
  readonly queue: Queue
  readonly announcer: Announcer
}

/**
 * Queues the first stage and returns its runs; each group's second stage is queued when its first is over. A group of which
 * a run was stopped or failed has none. Started again, what was finished is taken over, so a study that was cut off goes on.
 */
export function startSelection(
  recipe: Recipe,
  options: Parameters<Queue['add']>[1],
  { project, queue, announcer }: SelectionOptions,
): RunSummary[] {
  const [first, ...others] = recipe.seeds as [number, ...number[]]
  const candidates = studyMembers(recipe).map((member): Candidate => {
    const [run] = queue.add({ ...member.recipe, seeds: [first] }, options)
    return { ...member, run: run! }
  })
  if (others.length > 0)
    for (const members of Map.groupBy(candidates, ({ group }) => group).values())
      queue.whenOver(
        members.map(({ run }) => run.id),
        () => {
          const best = bestOf(members, id => project.runs.get(id)!.summary)
          if (!best) return
          const at = Date.now()
          const text = `Chosen among ${plural(members.length, 'setting')} of this loss, with ${(100 * best.top1).toFixed(2)} % on the samples that choose; ${others.length} more ${others.length === 1 ? 'seed follows' : 'seeds follow'}.`
          project.write(() => project.log.append(best.run.id, [{ at, text }]))
          announcer.announce({ type: 'run.log', runId: best.run.id, at, text })
          queue.add({ ...best.recipe, seeds: others }, options)
        },
      )
  return candidates.map(({ run }) => run)
}

/** The highest accuracy, the first of equals; undefined where one of them did not finish. */
export function bestOf<C extends { readonly run: Pick<RunSummary, 'id'> }>(
  candidates: readonly C[],
  now: (id: string) => RunSummary,
): (C & { readonly top1: number }) | undefined {
  let best: (C & { readonly top1: number }) | undefined
  for (const candidate of candidates) {
    const { state, stages } = now(candidate.run.id)
    if (state !== 'finished') return
    const outcome = stages.findLast(stage => stage.use === 'distill')?.outcome
    const top1 = outcome?.use === 'distill' ? chosenTop1(outcome.result) : null
    if (top1 !== null && (!best || top1 > best.top1)) best = { ...candidate, top1 }
  }
  return best
}
