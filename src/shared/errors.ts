/**
 * The one error shape of the product. Everything a person may be told about is an `EspalierError`:
 * a permanent code, one sentence, the file or value it is about, the rule that was broken and what to do.
 * It crosses process and network borders as plain data (`toErrorData`, `fromErrorData`); any other thrown
 * value is a bug of ours and is reported as `internal`.
 */
import { z } from 'zod'

/** What an exit status of the terminal means: 2 the input was bad, 1 the run failed, 130 it was interrupted. */
export type ErrorKind = 'input' | 'failure' | 'interrupted'

/** Every code, once. Codes are permanent: scripts match on them. */
export const errorKinds = {
  // what the person gave us
  'argument.invalid': 'input',
  'file.missing': 'input',
  'file.unreadable': 'input',
  'file.unknown-format': 'input',
  'file.truncated': 'input',
  'file.corrupt': 'input',
  'file.too-large': 'input',
  'archive.unsafe-path': 'input',
  'archive.bomb': 'input',
  'pickle.forbidden': 'input',
  'pickle.invalid': 'input',
  'checkpoint.no-architecture': 'input',
  'checkpoint.mismatch': 'input',
  'checkpoint.unsupported-type': 'input',
  'dataset.empty': 'input',
  'dataset.invalid': 'input',
  'dataset.classes': 'input',
  'dataset.shape': 'input',
  'dataset.no-split': 'input',
  'recipe.invalid': 'input',
  'recipe.unknown-key': 'input',
  'recipe.not-json': 'input',
  'architecture.unknown': 'input',
  'model.invalid': 'input',
  'prune.infeasible': 'input',
  'prune.no-change': 'failure',
  'stage.no-change': 'failure',
  'project.newer': 'input',
  'project.older': 'input',
  'project.not-a-project': 'input',
  'project.locked': 'failure',
  'project.corrupt': 'input',
  'not-found': 'input',
  'not-allowed': 'input',
  // a place that cannot be written to is the wrong place
  'disk.full': 'input',
  'disk.read-only': 'input',
  // what went wrong while working
  'engine.missing': 'failure',
  'engine.install-failed': 'failure',
  'engine.failed': 'failure',
  'engine.out-of-memory': 'failure',
  'run.failed': 'failure',
  'run.died': 'failure',
  'run.stopped': 'interrupted',
  'run.not-finite': 'failure',
  'run.inputs-changed': 'input',
  'contract.unknown-call': 'input',
  'contract.invalid-params': 'input',
  'contract.closed': 'failure',
  internal: 'failure',
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorKinds

const codes = Object.keys(errorKinds) as [ErrorCode, ...ErrorCode[]]

export const errorDataSchema = z.strictObject({
  code: z.enum(codes),
  /** One sentence that names the file or value. */
  message: z.string(),
  /** The file, tensor, key or value it is about. */
  file: z.string().optional(),
  /** The rule that was broken, as a statement. */
  rule: z.string().optional(),
  /** What to do next. */
  hint: z.string().optional(),
})

export type ErrorData = z.infer<typeof errorDataSchema>

export class EspalierError extends Error {
  override readonly name = 'EspalierError'
  readonly code: ErrorCode
  readonly file: string | undefined
  readonly rule: string | undefined
  readonly hint: string | undefined

  constructor(data: ErrorData, options?: { cause?: unknown }) {
    super(data.message, options)
    this.code = data.code
    this.file = data.file
    this.rule = data.rule
    this.hint = data.hint
  }
}

/** Any thrown value as plain data. A value that is not ours becomes `internal`, with its own message and no stack. */
export function toErrorData(thrown: unknown): ErrorData {
  if (thrown instanceof EspalierError) {
    const { code, message, file, rule, hint } = thrown
    return { code, message, ...(file && { file }), ...(rule && { rule }), ...(hint && { hint }) }
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return { code: 'internal', message, hint: 'This is a fault in Espalier; please report it with the log.' }
}

export function fromErrorData(data: ErrorData): EspalierError {
  return new EspalierError(data)
}

/** An `EspalierError` that says `place` first, such as `stages[1].taps: `; anything else as it is. */
export const atPlace = (place: string, thrown: unknown): unknown =>
  thrown instanceof EspalierError
    ? new EspalierError({ ...toErrorData(thrown), message: `${place}${thrown.message}` }, { cause: thrown })
    : thrown

/** What `work` gives; what it throws says `place` first. */
export function prefixed<T>(place: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    throw atPlace(place, thrown)
  }
}
