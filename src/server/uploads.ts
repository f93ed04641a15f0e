/**
 * Files that a browser sends, because it may not say where they lie. They are gathered in a folder of the upload's own
 * and, when all is there, moved to a place named after their content: the same content twice is kept once.
 */
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream, existsSync, readdirSync, rmSync } from 'node:fs'
import { access, mkdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ErrorCode } from '../shared/errors.ts'
import { processExists } from '../studio/owner.ts'
import { HttpError } from './answers.ts'

export interface UploadLimits {
  readonly files: number
  readonly bytes: number
  /** Of the disk, to stay free. */
  readonly reserve: number
  /** Milliseconds without a request after which an unfinished upload is removed. */
  readonly idle: number
}

export const uploadLimits: UploadLimits = { files: 100_000, bytes: 64 * 2 ** 30, reserve: 2 ** 30, idle: 3_600_000 }

export interface Uploads {
  begin(announced: { files: number; bytes: number }): Promise<string>
  /** `length` is what the request says; `body` must have as many bytes. */
  receive(id: string, path: readonly string[], length: number, body: Readable): Promise<void>
  /** The path of what was uploaded. */
  finish(id: string): Promise<string>
  cancel(id: string): Promise<void>
  /** Removes what is not finished. */
  close(): void
}

interface Upload {
  readonly folder: string
  readonly announced: { readonly files: number; readonly bytes: number }
  /** SHA-256 by path; null while it is being sent. */
  readonly files: Map<string, string | null>
  bytes: number
  seenAt: number
}

const partialName = '.partial-'

export function createUploads(root: string, limits: UploadLimits = uploadLimits): Uploads {
  removeAbandoned(root)
  const partial = join(root, `${partialName}${process.pid}`)
  const uploads = new Map<string, Upload>()
  const timer = setInterval(
    () => {
      const idle = [...uploads].filter(([, { seenAt }]) => Date.now() - seenAt > limits.idle)
      for (const [id] of idle) void remove(id)
    },
    Math.min(limits.idle, 60_000),
  ).unref()

  function find(id: string): Upload {
    const upload = uploads.get(id)
    if (!upload) throw problem(404, 'not-found', `There is no upload ${id}.`)
    upload.seenAt = Date.now()
    return upload
  }

  async function remove(id: string): Promise<void> {
    const upload = uploads.get(id)
    uploads.delete(id)
    if (upload) await rm(upload.folder, { recursive: true, force: true })
  }

  async function requireRoom(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(root)
    if (bavail * bsize - bytes < limits.reserve) {
      throw problem(507, 'disk.full', `The disk of ${root} has no room for ${bytes} more bytes.`)
    }
  }

  return {
    async begin(announced) {
      if (announced.files > limits.files || announced.bytes > limits.bytes) {
        const rule = `An upload has at most ${limits.files} files and ${limits.bytes} bytes.`
        throw problem(413, 'file.too-large', `${announced.files} files of ${announced.bytes} bytes are too much.`, rule)
      }
      await mkdir(root, { recursive: true })
      await requireRoom(announced.bytes)
      const id = randomUUID()
      const folder = join(partial, id)
      await mkdir(folder, { recursive: true })
      uploads.set(id, { folder, announced, files: new Map(), bytes: 0, seenAt: Date.now() })
      return id
    },
    async receive(id, path, length, body) {
      const upload = find(id)
      const name = path.join('/')
      if (upload.files.has(name)) throw problem(409, 'argument.invalid', `${name} was sent already.`)
      if (upload.files.size >= upload.announced.files || upload.bytes + length > upload.announced.bytes) {
        throw problem(413, 'file.too-large', `With ${name} the upload is larger than was announced.`)
      }
      await requireRoom(length)
      // Taken before anything is written, so that files sent side by side cannot exceed the limit together.
      upload.files.set(name, null)
      upload.bytes += length
      const file = join(upload.folder, ...path)
      try {
        await mkdir(join(file, '..'), { recursive: true })
        const hash = createHash('sha256')
        await pipeline(
          body,
          async function* (chunks: AsyncIterable<Buffer>) {
            for await (const chunk of chunks) {
              hash.update(chunk)
              upload.seenAt = Date.now()
              yield chunk
            }
          },
          // 'wx': two names that the file system takes for one (A and a) do not overwrite each other.
          createWriteStream(file, { flags: 'wx' }),
        )
        const { size } = await stat(file)
        if (size !== length) throw problem(400, 'argument.invalid', `${name} has ${size} bytes instead of ${length}.`)
        upload.files.set(name, hash.digest('hex'))
      } catch (thrown) {
        upload.files.delete(name)
        upload.bytes -= length
        if (!isAlreadyThere(thrown)) await rm(file, { force: true }).catch(() => {})
        throw toHttpError(thrown, name)
      }
    },
    async finish(id) {
      const upload = find(id)
      const { announced, files, bytes } = upload
      if ([...files.values()].includes(null)) throw problem(409, 'argument.invalid', 'A file is still being sent.')
      if (files.size === 0 || files.size !== announced.files || bytes !== announced.bytes) {
        const message = `${files.size} files of ${bytes} bytes arrived; ${announced.files} of ${announced.bytes} were announced.`
        throw problem(400, 'argument.invalid', message)
      }
      uploads.delete(id)
      return keep(root, upload)
    },
    cancel(id) {
      find(id)
      return remove(id)
    },
    close() {
      clearInterval(timer)
      uploads.clear()
      rmSync(partial, { recursive: true, force: true })
    },
  }
}

/** What servers left behind that were killed. */
function removeAbandoned(root: string): void {
  if (!existsSync(root)) return
  for (const name of readdirSync(root)) {
    if (!name.startsWith(partialName)) continue
    const pid = Number(name.slice(partialName.length))
    if (pid === process.pid || !processExists(pid)) rmSync(join(root, name), { recursive: true, force: true })
  }
}

/** Moves a complete upload to its place. Returns the path of what a person would call the thing they dropped. */
async function keep(root: string, { folder, files }: Upload): Promise<string> {
  const tops = [...new Set([...files.keys()].map(name => name.split('/')[0]!))]
  const listing = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, sha256]) => `${sha256} ${name}\n`)
  const place = join(root, createHash('sha256').update(listing.join('')).digest('hex').slice(0, 32))
  const isOne = tops.length === 1
  const wanted = isOne ? place : join(place, 'Dropped files')
  const path = isOne ? join(place, tops[0]!) : wanted
  if (
    await access(path).then(
      () => true,
      () => false,
    )
  ) {
    await rm(folder, { recursive: true, force: true })
    return path
  }
  if (!isOne) await mkdir(place, { recursive: true })
  await rename(folder, wanted)
  return path
}

const isAlreadyThere = (thrown: unknown) => (thrown as NodeJS.ErrnoException).code === 'EEXIST'

function toHttpError(thrown: unknown, name: string): unknown {
  const { code } = thrown as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return problem(507, 'disk.full', `The disk filled up with ${name}.`)
  if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR') {
    return problem(409, 'argument.invalid', `${name} stands in the way of another file of the upload.`)
  }
  if (code === 'ENOENT') return problem(404, 'not-found', 'The upload was cancelled.')
  return thrown
}

const problem = (status: number, code: ErrorCode, message: string, rule?: string) =>
  new HttpError(status, { code, message, ...(rule !== undefined && { rule }) })
