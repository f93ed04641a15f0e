/** Sends files to the browser host (src/server/README.md) and returns the grant they became. */
import { z } from 'zod'
import { EspalierError, errorDataSchema, fromErrorData } from '../../../shared/errors.ts'
import type { NamedFile } from './drop.ts'

const sideBySide = 4

export async function upload(
  files: readonly NamedFile[],
  onProgress: (sentBytes: number, totalBytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const total = files.reduce((sum, { file }) => sum + file.size, 0)
  const started = z
    .object({ upload: z.string() })
    .parse(await request('POST', 'upload', { json: { files: files.length, bytes: total }, signal }))
  const address = `upload/${encodeURIComponent(started.upload)}`
  try {
    let finished = 0
    const underWay = new Map<number, number>()
    const report = () => onProgress(finished + [...underWay.values()].reduce((a, b) => a + b, 0), total)
    let next = 0
    const sender = async () => {
      for (let index = next++; index < files.length; index = next++) {
        const named = files[index]
        if (!named) return
        await request('PUT', `${address}/${named.path.split('/').map(encodeURIComponent).join('/')}`, {
          body: named.file,
          signal,
          onSent: sent => {
            underWay.set(index, Math.min(sent, named.file.size))
            report()
          },
        })
        underWay.delete(index)
        finished += named.file.size
        report()
      }
    }
    await Promise.all(Array.from({ length: Math.min(sideBySide, files.length) }, sender))
    return z.object({ grant: z.string() }).parse(await request('POST', `${address}/finish`, { signal })).grant
  } catch (error) {
    // What was sent is removed at once; an upload that is only left alone is removed after an hour.
    request('DELETE', address, {}).catch(() => {})
    throw error
  }
}

interface RequestOptions {
  readonly json?: unknown
  readonly body?: Blob
  readonly signal?: AbortSignal
  readonly onSent?: (bytes: number) => void
}

/** By XMLHttpRequest: `fetch` does not say how much of a body was sent. */
function request(method: string, address: string, options: RequestOptions): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const http = new XMLHttpRequest()
    http.open(method, address)
    const { onSent, signal } = options
    if (onSent) http.upload.onprogress = event => onSent(event.loaded)
    http.onload = () => {
      const answer = parse(http.responseText)
      if (http.status >= 200 && http.status < 300) return resolve(answer)
      const refused = z.object({ error: errorDataSchema }).safeParse(answer)
      reject(refused.success ? fromErrorData(refused.data.error) : unreachable(`It answered ${http.status}.`))
    }
    http.onerror = () => reject(unreachable('It did not answer.'))
    http.onabort = () => reject(signal?.reason ?? new DOMException('Cancelled', 'AbortError'))
    if (signal?.aborted) return reject(signal.reason)
    signal?.addEventListener('abort', () => http.abort(), { once: true })
    if (options.json !== undefined) http.setRequestHeader('content-type', 'application/json')
    http.send(options.json === undefined ? (options.body ?? null) : JSON.stringify(options.json))
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const unreachable = (what: string) =>
  new EspalierError({
    code: 'contract.closed',
    message: `The files could not be sent to the studio. ${what}`,
    hint: 'Check that the studio is running, then drop them again.',
  })
