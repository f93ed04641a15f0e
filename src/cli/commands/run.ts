/** `espalier run`: works a recipe, one run for each seed, and prints what each stage gives. */
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import type { StudioEvent } from '../../shared/contract.ts'
import type { RunSummary } from '../../shared/domain.ts'
import { EspalierError, fromErrorData } from '../../shared/errors.ts'
import type { Recipe } from '../../shared/recipe.ts'
import { userDirectories } from '../../studio/directories.ts'
import { forkEngine } from '../../studio/engine-process.ts'
import { readInputs } from '../../studio/inputs.ts'
import { createReaders } from '../../studio/readers.ts'
import { createStudio, type Studio } from '../../studio/studio.ts'
import type { DefineCommand } from '../command.ts'
import { oneLine, report, statusOf } from '../errors.ts'
import { onInterrupt } from '../interrupt.ts'
import { createProgressLine, type ProgressLine, progressText } from '../progress-line.ts'
import { projectFileFor, readRecipe } from '../recipe-file.ts'
import { createStagePrinter } from '../stage-printer.ts'
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

async function run(file: string, options: RunOptions, terminal: Terminal): Promise<number> {
  const line = createProgressLine(terminal)
  const stopped = new AbortController()
  let studio: Studio | undefined
  const forgetInterrupt = onInterrupt(
    () => {
      stopped.abort()
      line.say('Stopping after this batch. Press Ctrl-C again to stop at once.')
      void studio?.close('Interrupted in the terminal.')
    },
    () => studio?.kill('Interrupted in the terminal.'),
  )
  try {
    const written = await readRecipe(file)
    const recipe = options.seed === undefined ? written : { ...written, seeds: [options.seed] }
    const directories = userDirectories()
    const readers = createReaders(directories)
    // All of the input is found good before any file is made.
    await readInputs(recipe, readers, {
      signal: stopped.signal,
      onProgress: progress => line.draw(progressText({ ...progress, stage: null, unit: '' })),
    })
    line.clear()
    studio = await createStudio({
      projectPath: options.project === undefined ? projectFileFor(recipe) : resolve(options.project),
      host: 'terminal',
      acceptsPaths: true,
      directories,
      spawnEngine: () => forkEngine(),
      readers,
    })
    if (stopped.signal.aborted) {
      throw new EspalierError({ code: 'run.stopped', message: 'It was stopped before the first run.' })
    }
    return await work(studio, recipe, options, terminal, line)
  } finally {
    line.clear()
    await studio?.close('Interrupted in the terminal.')
    forgetInterrupt()
  }
}

/** Queues the runs and follows them to their end. */
async function work(
  studio: Studio,
  recipe: Recipe,
  { again, json }: RunOptions,
  terminal: Terminal,
  line: ProgressLine,
): Promise<number> {
  const printer = createStagePrinter(terminal, line, json === true)
  const summaries = new Map<string, RunSummary>()
  const follow = (event: StudioEvent) => {
    if (event.type === 'run.changed' && summaries.has(event.run.id)) {
      summaries.set(event.run.id, event.run)
      printer.print(event.run)
    } else if (event.type === 'run.progress' && summaries.has(event.progress.runId)) {
      line.draw(`${describe(summaries.get(event.progress.runId)!)}  ${progressText(event.progress)}`)
    }
  }
  studio.onEvent(follow)
  const { signal } = new AbortController()
  const params = { document: recipe, ...(again && { again }) }
  const { runs } = await studio.handlers['run.start'](params, { signal })
  for (const summary of runs) summaries.set(summary.id, summary)
  await studio.idle()
  line.clear()
  return conclude([...summaries.values()], terminal, json === true)
}

const describe = ({ number, seed }: RunSummary) => `run ${number}, seed ${seed}`

/** Says what went wrong; the first fault decides the exit status, and is the one object of `--json`. */
function conclude(runs: readonly RunSummary[], terminal: Terminal, asJson: boolean): number {
  const failed = runs.flatMap(run => (run.error ? { run, error: fromErrorData(run.error) } : []))
  const [first] = failed
  if (first) {
    if (asJson) return report(first.error, terminal, true)
    for (const { run, error } of failed) terminal.err(`${describe(run)}: ${oneLine(error)}\n`)
    return statusOf(first.error)
  }
  const stopped = runs.find(({ state }) => state === 'stopped')
  if (!stopped) return 0
  const message = `Run ${stopped.number}, seed ${stopped.seed}, was stopped.`
  return report(new EspalierError({ code: 'run.stopped', message }), terminal, asJson)
}
