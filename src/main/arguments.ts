/** What the command line asks of the desktop. */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { projectExtension } from './project-file.ts'

export interface Arguments {
  /** Absolute paths of project files to open, each once. */
  readonly projects: readonly string[]
  /** Another folder for settings, cookies and the instance lock; tests run beside a person's own window with it. */
  readonly userData: string | null
}

const userDataFlag = '--user-data-dir='

/**
 * `argv` as the process got it. Chromium adds switches of its own anywhere in it and Electron lower-cases what
 * `app.commandLine` gives, so nothing but our own flag and names of project files is looked at.
 */
export function readArguments(argv: readonly string[], workingDirectory: string): Arguments {
  const projects = argv
    .filter(argument => !argument.startsWith('-') && argument.toLowerCase().endsWith(projectExtension))
    .map(argument => absolute(argument, workingDirectory))
    .filter(path => path !== null)
  const flag = argv.find(argument => argument.startsWith(userDataFlag))
  const userData = flag ? resolve(workingDirectory, flag.slice(userDataFlag.length)) : null
  return { projects: [...new Set(projects)], userData }
}

/** Some Linux launchers hand over `file:` URLs. */
function absolute(argument: string, workingDirectory: string): string | null {
  if (!argument.startsWith('file:')) return resolve(workingDirectory, argument)
  try {
    return fileURLToPath(argument)
  } catch {
    return null
  }
}
