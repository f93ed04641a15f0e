/** Recipes worked in a project of their own, for experiments: no window, no terminal, each stage's outcome. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseRecipe, type RecipeInput } from '../src/shared/recipe.ts'
import type { StageOutcome, StageResultOf, StageUse } from '../src/shared/stages.ts'
import type { StudyRow } from '../src/shared/study.ts'
import { userDirectories } from '../src/studio/directories.ts'
import { forkEngine } from '../src/studio/engine-process.ts'
import { createStudio } from '../src/studio/studio.ts'

/** A finished stage, and the seconds it took when it was worked. */
export type WorkedStage = StageOutcome & { readonly seconds: number }

export interface RecipeRuns {
  /** Works a recipe of one seed to its end; stages that an earlier one had in common are taken over. Says how long it took. */
  readonly work: (recipe: RecipeInput & { readonly name: string }) => Promise<WorkedStage[]>
  /** The largest recorded value of a metric of the run that was worked last; undefined where it recorded none. */
  readonly largest: (metric: string) => Promise<number | undefined>
  /** The distillations that were worked here, over their seeds. */
  readonly study: () => Promise<readonly StudyRow[]>
  readonly close: () => Promise<void>
}

export const say = (line: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`)

/** `keep`, or one that is removed at the end. */
export function experimentFolder(keep: string | undefined): { readonly path: string; readonly remove: () => void } {
  const path = keep === undefined ? mkdtempSync(join(tmpdir(), 'espalier-experiment-')) : resolve(keep)
  mkdirSync(path, { recursive: true })
  return { path, remove: () => keep === undefined && rmSync(path, { recursive: true, force: true }) }
}

/** The project file is `name`.espalier in `folder`. */
export async function openRecipeRuns(folder: string, name: string): Promise<RecipeRuns> {
  const studio = await createStudio({
    projectPath: join(folder, `${name}.espalier`),
    host: 'terminal',
    acceptsPaths: true,
    directories: userDirectories(),
    spawnEngine: () => forkEngine(),
  })
  const worked: string[] = []
  const call = { signal: new AbortController().signal }
  return {
    async work(recipe) {
      const began = performance.now()
      const { runs } = await studio.handlers['run.start']({ document: parseRecipe(recipe) }, call)
      await studio.idle()
      const { run } = await studio.handlers['run.get']({ id: runs[0]!.id }, call)
      if (run.state !== 'finished') throw new Error(`${recipe.name}: ${run.state}, ${run.error?.message}`)
      worked.push(run.id)
      say(`${recipe.name}: ${((performance.now() - began) / 1000).toFixed(0)} s`)
      return run.stages.map(({ outcome, seconds }) => ({ ...outcome!, seconds: seconds ?? 0 }))
    },
    async largest(metric) {
      const { curves } = await studio.handlers['run.curves']({ id: worked.at(-1)! }, call)
      const values = curves.flatMap(curve => (curve.metric === metric ? curve.values : []))
      return values.length > 0 ? values.reduce((largest, value) => Math.max(largest, value)) : undefined
    },
    async study() {
      return (await studio.handlers['run.study']({ ids: worked }, call)).rows
    },
    close: () => studio.close(),
  }
}

export const resultsOf = <Use extends StageUse>(outcomes: readonly StageOutcome[], use: Use): StageResultOf<Use>[] =>
  outcomes.flatMap(outcome => (outcome.use === use ? [outcome.result as StageResultOf<Use>] : []))

/** Test top-1 of every evaluate stage, in percent. */
export const accuracies = (outcomes: readonly StageOutcome[]): number[] =>
  resultsOf(outcomes, 'evaluate').map(({ top1 }) => 100 * top1)

/** Minutes that stages took together, as text. */
export const minutesOf = (stages: readonly WorkedStage[]): string =>
  (stages.reduce((sum, { seconds }) => sum + seconds, 0) / 60).toFixed(1)
