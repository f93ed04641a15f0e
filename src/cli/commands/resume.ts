/** `espalier resume`: goes on with a run that ended early. */
import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { EspalierError } from '../../shared/errors.ts'
import type { DefineCommand } from '../command.ts'
import { followRuns } from '../follow-runs.ts'
import { withStudio } from '../studio-session.ts'
import type { Terminal } from '../terminal.ts'

interface ResumeOptions {
  readonly json?: true
  readonly project?: string
}

export const defineResume: DefineCommand = (program, terminal, end) => {
  program
    .command('resume')
    .description('Go on with a run that was paused or stopped, that failed, or whose process died.')
    .argument('<run>', 'its number in the project, or its id')
    .option('--json', 'print one JSON line per stage')
    .option('--project <file>', 'the project that holds it (default: the only one in this folder)')
    .action(async (run: string, options: ResumeOptions) => end(await resumeRun(run, options, terminal)))
}

function resumeRun(run: string, { json, project }: ResumeOptions, terminal: Terminal): Promise<number> {
  return withStudio(terminal, async ({ line, open }) => {
    const path = project === undefined ? onlyProject() : resolve(project)
    if (!existsSync(path))
      throw new EspalierError({ code: 'file.missing', message: `There is no project ${path}.`, file: path })
    const studio = await open(path)
    const call = { signal: new AbortController().signal }
    const { runs } = await studio.handlers['run.list']({}, call)
    const found = runs.find(({ id, number }) => id === run || String(number) === run)
    if (!found) {
      const message = `There is no run ${run} in ${path}.`
      throw new EspalierError({ code: 'not-found', message, file: path, hint: '"espalier compare" lists its runs.' })
    }
    const begin = async () => [await studio.handlers['run.resume']({ id: found.id }, call)]
    return followRuns(begin, { studio, terminal, line, asJson: json === true })
  })
}

/** Throws `argument.invalid` where there is none, or more than one. */
function onlyProject(): string {
  const names = readdirSync('.').filter(name => name.endsWith('.espalier'))
  const [only] = names
  if (only !== undefined && names.length === 1) return resolve(only)
  throw new EspalierError({
    code: 'argument.invalid',
    message: names.length === 0 ? 'There is no project in this folder.' : `This folder holds ${names.length} projects.`,
    hint: 'Name the project with --project.',
  })
}
