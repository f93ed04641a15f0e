/** Answers in the forms that every part of the server uses. */
import type { ServerResponse } from 'node:http'
import { securityHeaders } from '../shared/csp.ts'
import { type ErrorCode, type ErrorData, toErrorData } from '../shared/errors.ts'

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    ...securityHeaders,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  response.end(text)
}

export function answerEmpty(response: ServerResponse, headers: Record<string, string> = {}, status = 204): void {
  response.writeHead(status, { ...securityHeaders, 'cache-control': 'no-store', ...headers })
  response.end()
}

/** A refusal: `{ "error": ... }`. `status` where the code alone does not decide it. */
export function answerError(response: ServerResponse, error: ErrorData, status = statusOf(error.code)): void {
  // The rest of a body that is not wanted would be read as the next request.
  response.shouldKeepAlive = false
  answerJson(response, status, { error })
}

/** An error with the HTTP status that it is answered with. */
export class HttpError extends Error {
  readonly status: number
  readonly data: ErrorData

  constructor(status: number, data: ErrorData) {
    super(data.message)
    this.status = status
    this.data = data
  }
}

export function answerThrown(response: ServerResponse, thrown: unknown): void {
  if (response.headersSent) response.destroy()
  else if (thrown instanceof HttpError) answerError(response, thrown.data, thrown.status)
  else answerError(response, toErrorData(thrown))
}

const statuses: Partial<Record<ErrorCode, number>> = {
  'argument.invalid': 400,
  'not-allowed': 403,
  'not-found': 404,
  'file.too-large': 413,
  'disk.full': 507,
}

const statusOf = (code: ErrorCode): number => statuses[code] ?? 500
