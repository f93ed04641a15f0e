/**
 * The checksum guard of a cached engine. `manifest.json` holds the SHA-256 of every file. Hashing 850 MB at each
 * start of each run would cost a second, so `verified.json` remembers size and times of the files as they
 * were when they were last hashed: files that look untouched are trusted, anything else is hashed again.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

export const manifestSchema = z.strictObject({
  format: z.literal(1),
  /** Which provider built it. */
  provider: z.string(),
  /** Where libtensorflow came from, in words: package name and version. */
  source: z.string(),
  tfjs: z.string(),
  /** Version of libtensorflow itself, as far as the provider knew it. */
  tensorflow: z.string(),
  built: z.string(),
  /** Path of the addon inside the engine folder. */
  addon: z.string(),
  files: z
    .array(z.strictObject({ path: z.string(), bytes: z.number(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }))
    .min(1),
})

export type Manifest = z.infer<typeof manifestSchema>

/** What is known of an engine folder. `damaged` says which file differs, and how. */
export type EngineState =
  | { readonly state: 'absent' }
  | { readonly state: 'damaged'; readonly reason: string }
  | { readonly state: 'ok'; readonly manifest: Manifest }

const verifiedSchema = z.record(z.string(), z.strictObject({ bytes: z.number(), mtime: z.number(), ctime: z.number() }))
type Verified = z.infer<typeof verifiedSchema>

const manifestFile = 'manifest.json'
const verifiedFile = 'verified.json'

/** SHA-256 of a file, in hexadecimal. */
export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** Hashes `paths` inside `folder` and writes the manifest last: a folder with a manifest is complete. */
export async function writeManifest(
  folder: string,
  about: Omit<Manifest, 'format' | 'files'>,
  paths: readonly string[],
): Promise<Manifest> {
  const files = []
  for (const path of paths) {
    const file = join(folder, path)
    files.push({ path, bytes: (await stat(file)).size, sha256: await sha256(file) })
  }
  const manifest: Manifest = { format: 1, ...about, files }
  await writeJson(join(folder, manifestFile), manifest)
  return manifest
}

/**
 * Checks an engine folder. `full` hashes every file even when it looks untouched (doctor and set-up do).
 * Never throws for what it finds; the answer says it.
 */
export async function verifyEngine(folder: string, { full = false } = {}): Promise<EngineState> {
  const text = await readFile(join(folder, manifestFile), 'utf8').catch(() => undefined)
  if (text === undefined) return { state: 'absent' }
  const parsed = manifestSchema.safeParse(parseJson(text))
  if (!parsed.success) return { state: 'damaged', reason: `${manifestFile} is not readable` }
  const manifest = parsed.data
  const known = full ? {} : await readVerified(folder)
  const now: Verified = {}
  let hashed = false
  for (const { path, bytes, sha256: expected } of manifest.files) {
    const file = join(folder, path)
    const found = await stat(file).catch(() => undefined)
    if (!found?.isFile()) return { state: 'damaged', reason: `${path} is missing` }
    if (found.size !== bytes) return { state: 'damaged', reason: `${path} has ${found.size} bytes instead of ${bytes}` }
    const seen = { bytes: found.size, mtime: found.mtimeMs, ctime: found.ctimeMs }
    const before = known[path]
    if (before?.bytes !== seen.bytes || before.mtime !== seen.mtime || before.ctime !== seen.ctime) {
      if ((await sha256(file)) !== expected) return { state: 'damaged', reason: `${path} does not match its checksum` }
      hashed = true
    }
    now[path] = seen
  }
  // A cache that cannot be written to (another user's, a read-only mount) is only slower: it is hashed each time.
  if (hashed) await writeJson(join(folder, verifiedFile), now).catch(() => undefined)
  return { state: 'ok', manifest }
}

async function readVerified(folder: string): Promise<Verified> {
  const text = await readFile(join(folder, verifiedFile), 'utf8').catch(() => '{}')
  return verifiedSchema.safeParse(parseJson(text)).data ?? {}
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function writeJson(file: string, value: unknown): Promise<void> {
  const temporary = `${file}.${process.pid}.part`
  await writeFile(temporary, `${JSON.stringify(value, null, 2)}\n`)
  await rename(temporary, file)
}
