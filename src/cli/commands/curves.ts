/** `espalier curves`: every recorded point of the runs of a project, for other programs. */
import { resolve } from 'node:path'
import { EspalierError } from '../../shared/errors.ts'
import { curveRecords, curvesCsvHead, curvesCsvRows } from '../../shared/run-curves.ts'
import { curvesOfProject } from '../../studio/compare-project.ts'
import type { DefineCommand } from '../command.ts'
import { jsonLine } from '../format.ts'

export const defineCurves: DefineCommand = (program, terminal, end) => {
  program
    .command('curves')
    .description('Print every recorded point of the curves of runs (loss, accuracy, learning rate, ...) as CSV.')
    .argument('<project>', 'a .espalier file')
    .argument('[runs...]', 'numbers of runs (default: all)')
    .option('--json', 'print one JSON object for each curve, one a line')
    .action((file: string, runs: readonly string[], options: { json?: true }) => {
      const found = curvesOfProject(file, runs.map(numberOf))
      if (!options.json) terminal.out(curvesCsvHead)
      for (const curves of found) {
        terminal.out(options.json ? curveRecords(curves).map(jsonLine).join('') : curvesCsvRows(curves))
      }
      end(0)

      function numberOf(text: string): number {
        if (/^[1-9]\d*$/.test(text)) return Number(text)
        throw new EspalierError({
          code: 'argument.invalid',
          message: `"${text}" is no number of a run.`,
          hint: `"espalier compare ${resolve(file)}" lists them.`,
        })
      }
    })
}
