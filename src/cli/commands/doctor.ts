/** `espalier doctor`: what is there, what is missing, what to do. */
import type { DoctorReport } from '../../shared/doctor.ts'
import { runDoctor } from '../../studio/doctor.ts'
import type { DefineCommand } from '../command.ts'
import { exitStatuses } from '../errors.ts'
import { jsonLine, printable } from '../format.ts'

export const defineDoctor: DefineCommand = (program, terminal, end) => {
  program
    .command('doctor')
    .description('Look at everything that Espalier depends on. Changes nothing.')
    .option('--json', 'print one JSON object')
    .action(async (options: { json?: true }) => {
      const report = await runDoctor()
      terminal.out(options.json ? jsonLine(report) : `${lines(report).map(printable).join('\n')}\n`)
      end(report.ok ? 0 : exitStatuses.failure)
    })
}

function lines({ checks }: DoctorReport): string[] {
  const width = Math.max(...checks.map(({ label }) => label.length))
  return checks.flatMap(({ label, status, detail, hint }) => [
    `${status.padEnd(4)}  ${label.padEnd(width)}  ${detail}`,
    ...(hint === undefined ? [] : [`${' '.repeat(width + 8)}${hint}`]),
  ])
}
