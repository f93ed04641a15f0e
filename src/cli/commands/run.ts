/** `espalier run`: works a recipe, one run for each seed, and prints what each stage gives. */
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { readInputs } from '../../studio/inputs.ts'
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

function run(file: string, options: RunOptions, terminal: Terminal): Promise<number> {
  return withStudio(terminal, async ({ line, readers, signal, open }) => {
    const written = await readRecipe(file)
    const recipe = options.seed === undefined ? written : { ...written, seeds: [options.seed] }
    // All of the input is found good before any file is made.
    for (const each of studyRecipes(recipe)) {
      await readInputs(each, readers, {
        signal,
        onProgress: progress => line.draw(progressText({ ...progress, stage: null, unit: '' })),
      })
    }
    line.clear()
    const studio = await open(options.project === undefined ? projectFileFor(recipe) : resolve(options.project))
    const params = { document: recipe, ...(options.again && { again: true }) }
    const begin = async () =>
      (await studio.handlers['run.start'](params, { signal: new AbortController().signal })).runs
    return followRuns(begin, { studio, terminal, line, asJson: options.json === true })
  })
}
