import type { Command } from 'commander'
import type { Terminal } from './terminal.ts'

/** Adds its command to `program`; the command calls `end` with the exit status, or throws. */
export type DefineCommand = (program: Command, terminal: Terminal, end: (status: number) => void) => void
