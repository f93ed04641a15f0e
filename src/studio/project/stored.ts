/** Documents inside columns: JSON, checked against its schema when it is read, because a file may come from anywhere. */
import type { z } from 'zod'
import { EspalierError } from '../../shared/errors.ts'

export function fromStored<S extends z.ZodType>(schema: S, text: string, what: string): z.output<S> {
  const parsed = schema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new EspalierError({
    code: 'project.corrupt',
    message: `The project's ${what} cannot be read: ${issue?.path.join('.')} ${issue?.message}.`,
    hint: 'Go back to a copy of the project.',
  })
}

/** The same for a column that may be empty. */
export function fromStoredOrNull<S extends z.ZodType>(
  schema: S,
  text: string | null,
  what: string,
): z.output<S> | null {
  return text === null ? null : fromStored(schema, text, what)
}

export const toStored = (value: unknown): string => JSON.stringify(value)
export const toStoredOrNull = (value: unknown): string | null => (value === null ? null : JSON.stringify(value))

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
