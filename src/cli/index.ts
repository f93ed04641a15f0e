/** The terminal host: `espalier run | resume | sample | inspect | compare | curves | study | architectures | doctor | serve`. */
import { Command, CommanderError } from 'commander'
import { espalierVersion } from '../studio/version.ts'
import type { DefineCommand } from './command.ts'
import { defineArchitectures } from './commands/architectures.ts'
import { defineCompare } from './commands/compare.ts'
import { defineCurves } from './commands/curves.ts'
import { defineDoctor } from './commands/doctor.ts'
import { defineInspect } from './commands/inspect.ts'
import { defineResume } from './commands/resume.ts'
import { defineRun } from './commands/run.ts'
import { defineSample } from './commands/sample.ts'
import { defineServe } from './commands/serve.ts'
import { defineStudy } from './commands/study.ts'
import { exitStatuses, report } from './errors.ts'
import { processTerminal, type Terminal } from './terminal.ts'

const commands: readonly DefineCommand[] = [
  defineRun,
  defineResume,
  defineSample,
  defineInspect,
  defineCompare,
  defineCurves,
  defineStudy,
  defineArchitectures,
  defineDoctor,
  defineServe,
]

/** Runs one command line and resolves with the exit status. Never rejects. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  let status = 0
  const program = new Command('espalier')
    .description('Trains and prunes neural networks.')
    .version(espalierVersion)
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, outputError: () => {} })
  for (const define of commands) {
    define(program, terminal, ended => {
      status = ended
    })
  }
  if (args.length === 0) {
    terminal.out(program.helpInformation())
    return exitStatuses.input
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return status
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0
    return report(thrown, terminal, args.includes('--json'))
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2), processTerminal())
