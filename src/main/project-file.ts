/** Names of project files, as dialogs, the command line and titles need them. */
import { basename } from 'node:path'

export const projectExtension = '.espalier'

export const projectFilter = { name: 'Espalier project', extensions: [projectExtension.slice(1)] }

/** Not every system's save dialog adds the extension by itself. */
export function withProjectExtension(path: string): string {
  return path.toLowerCase().endsWith(projectExtension) ? path : path + projectExtension
}

export function projectName(path: string): string {
  return basename(path).replace(/\.espalier$/i, '')
}
