/** `espalier run`: works a recipe, one run for each seed, and prints what each stage gives. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { atPlace, EspalierError } from '../../shared/errors.ts'
import type { Recipe } from '../../shared/recipe.ts'
import { type ReadOptions, readInputs } from '../../studio/inputs.ts'
import { studyRecipes } from '../../studio/study-recipes.ts'
import type { DefineCommand } from '../command.ts'
import { followRuns } from '../follow-runs.ts'
import { progressText } from '../progress-line.ts'
import { projectFileFor, readRecipe } from '../recipe-file.ts'
import { withStudio } from '../studio-session.ts'
import type { Terminal } from '../terminal.ts'

interface RunOptions {
  readonly json?: true
  readonly project?: string
  readonly seed?: number
  readonly again?: true
}

export const defineRun: DefineCommand = (program: Command, terminal, end) => {
  program
    .command('run')
    .description('Work a recipe: one run for each seed.')
    .argument('<recipe>', 'the recipe, a JSON file')
    .option('--json', 'print one JSON line per stage')
    .option('--project <file>', 'the project to keep the runs in (default: <recipe name>.espalier here)')
    .option('--seed <number>', 'this seed instead of those of the recipe', parseSeed)
    .option('--again', 'redo work that was finished before')
    .action(async (file: string, options: RunOptions) => end(await run(file, options, terminal)))
}

function parseSeed(text: string): number {
  const seed = Number(text)
  if (!/^\d+$/.test(text) || seed > 0xffffffff)
    throw new InvalidArgumentError('A seed is a whole number from 0 to 4294967295.')
  return seed
}

function run(recipeFile: string, options: RunOptions, terminal: Terminal): Promise<number> {
  return withStudio(terminal, async ({ line, readers, signal, open }) => {
    const written = await readRecipe(recipeFile)
    const recipe = options.seed === undefined ? written : { ...written, seeds: [options.seed] }
    // All of the input is found good before any file is made.
    const onProgress: ReadOptions['onProgress'] = progress =>
      line.draw(progressText({ ...progress, stage: null, unit: '' }))
    const file = options.project === undefined ? projectFileFor(recipe) : resolve(options.project)
    for (const each of studyRecipes(recipe)) {
      requireProjectOfTeachers(each, file)
      await readInputs(each, readers, { signal, onProgress }).catch(thrown => {
        throw recipe.study ? atPlace(`${each.name}: `, thrown) : thrown
      })
    }
    line.clear()
    const studio = await open(file)
    const params = { document: recipe, ...(options.again && { again: true }) }
    const begin = async () =>
      (await studio.handlers['run.start'](params, { signal: new AbortController().signal })).runs
    return followRuns(begin, { studio, terminal, line, asJson: options.json === true })
  })
}

/** A run that teaches is one of a project that is there. Throws `not-found`, before a project is made. */
function requireProjectOfTeachers({ stages }: Recipe, file: string): void {
  const teacher = stages.find(stage => stage.use === 'distill' && stage.teacher.run !== undefined)
  if (teacher?.use !== 'distill' || existsSync(file)) return
  throw new EspalierError({
    code: 'not-found',
    message: `There is no project ${file}, and run ${teacher.teacher.run} of it is to teach.`,
    file,
    hint: 'Name the project of that run with --project, or the checkpoint itself.',
  })
}
