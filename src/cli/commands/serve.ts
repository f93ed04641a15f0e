/** `espalier serve`: the window in a browser. */
import { constants } from 'node:os'
import { InvalidArgumentError } from 'commander'
import { serve } from '../../server/serve.ts'
import type { DefineCommand } from '../command.ts'

interface ServeOptions {
  readonly project?: string
  readonly port?: number
  readonly open?: true
}

export const defineServe: DefineCommand = (program, terminal, end) => {
  program
    .command('serve')
    .description('Serve the window to a browser on this machine.')
    .option('--project <file>', 'the project to open (default: your own)')
    .option('--port <number>', 'the port (default: any free one)', parsePort)
    .option('--open', 'open the browser')
    .action(async ({ project, port, open }: ServeOptions) => {
      const signal = await serve({
        ...(project !== undefined && { project }),
        ...(port !== undefined && { port }),
        open: open === true,
        say: url => terminal.out(`${url}\n`),
      })
      end(signal === 'SIGTERM' ? 0 : 128 + constants.signals[signal])
    })
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65535) throw new InvalidArgumentError('A port is a whole number from 0 to 65535.')
  return port
}
