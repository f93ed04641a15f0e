/** `espalier architectures`: the networks that can be built and recognised. */
import { offeredArchitectures } from '../../studio/architectures.ts'
import type { DefineCommand } from '../command.ts'
import { count, macs, table } from '../format.ts'

export const defineArchitectures: DefineCommand = (program, terminal, end) => {
  program
    .command('architectures')
    .description('List the architectures and what they cost.')
    .option('--json', 'print one JSON object a line')
    .action((options: { json?: true }) => {
      const all = offeredArchitectures()
      const lines = options.json
        ? all.map(architecture => JSON.stringify(architecture))
        : table(
            [
              { title: 'id', text: row => row.id },
              { title: 'family', text: row => row.label },
              { title: 'input', text: row => row.input.join('x') },
              { title: 'classes', text: row => count(row.classes), right: true },
              { title: 'parameters', text: row => count(row.params), right: true },
              { title: 'prunable', text: row => count(row.prunable), right: true },
              { title: 'MACs', text: row => macs(row.macs), right: true },
            ],
            all,
          )
      terminal.out(`${lines.join('\n')}\n`)
      end(0)
    })
}
