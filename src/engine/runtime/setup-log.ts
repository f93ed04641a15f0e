/** What the last set-up tried, kept beside the engines so that the doctor can tell afterwards why something failed. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { enginesFolder } from './cache.ts'
import type { Environment } from './environment.ts'
import { type Attempt, attemptSchema } from './find.ts'

const setupLogSchema = z.strictObject({ time: z.string(), attempts: z.array(attemptSchema) })

export type SetupLog = z.infer<typeof setupLogSchema>

function logFile(environment: Environment): string {
  return join(enginesFolder(environment), 'last-setup.json')
}

export async function writeSetupLog(environment: Environment, attempts: readonly Attempt[]): Promise<void> {
  const log: SetupLog = { time: new Date().toISOString(), attempts: [...attempts] }
  await writeFile(logFile(environment), `${JSON.stringify(log, null, 2)}\n`)
}

/** `null` when no set-up was logged, or not in a form this version reads. */
export async function readSetupLog(environment: Environment): Promise<SetupLog | null> {
  try {
    return setupLogSchema.parse(JSON.parse(await readFile(logFile(environment), 'utf8')))
  } catch {
    return null
  }
}
