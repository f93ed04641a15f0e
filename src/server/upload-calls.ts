/** The HTTP side of uploads; README.md has the table. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { z } from 'zod'
import { answerEmpty, answerJson, HttpError } from './answers.ts'
import { parseUploadPath } from './upload-path.ts'
import type { Uploads } from './uploads.ts'

const announcedSchema = z.strictObject({ files: z.int().min(1), bytes: z.int().min(0) })

/** Longest announcement, bytes. */
const longestBody = 1000

export interface UploadCallOptions {
  readonly uploads: Uploads
  /** Gives the window a grant for a path. */
  readonly grant: (path: string) => string
}

/** Answers a request whose path starts with `/upload`. */
export async function answerUpload(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  { uploads, grant }: UploadCallOptions,
): Promise<void> {
  const [, , id, ...rest] = path.split('/')
  const { method } = request
  if (id === undefined) {
    requireMethod(method, 'POST')
    answerJson(response, 201, { upload: await uploads.begin(await readAnnounced(request)) })
  } else if (rest.length === 0) {
    requireMethod(method, 'DELETE')
    await uploads.cancel(id)
    answerEmpty(response)
  } else if (rest.length === 1 && rest[0] === 'finish' && method === 'POST') {
    answerJson(response, 200, { grant: grant(await uploads.finish(id)) })
  } else {
    requireMethod(method, 'PUT')
    await uploads.receive(id, parseUploadPath(rest.join('/')), lengthOf(request), request)
    answerEmpty(response)
  }
}

function requireMethod(method: string | undefined, wanted: string): void {
  if (method !== wanted) {
    throw new HttpError(405, { code: 'not-allowed', message: `${method} is not a request that this address takes.` })
  }
}

function lengthOf(request: IncomingMessage): number {
  const length = request.headers['content-length']
  if (length === undefined) {
    throw new HttpError(411, { code: 'argument.invalid', message: 'The length of the file is missing.' })
  }
  return Number(length)
}

async function readAnnounced(request: IncomingMessage): Promise<z.output<typeof announcedSchema>> {
  const isShort = lengthOf(request) <= longestBody
  const body = isShort ? await json(request).catch(() => undefined) : undefined
  const parsed = announcedSchema.safeParse(body)
  if (parsed.success) return parsed.data
  throw new HttpError(400, {
    code: 'argument.invalid',
    message: 'An upload begins with its number of files and bytes.',
    rule: 'The body is {"files": COUNT, "bytes": TOTAL}.',
  })
}
