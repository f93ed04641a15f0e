/**
 * Provides the engine: takes the one in the cache, or builds one with the first provider that can. Run as a
 * program (`node src/engine/runtime/provide.ts`) it is the engine step of the project's set-up.
 */
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EspalierError, toErrorData } from '../../shared/errors.ts'
import { cacheFolder, engineName, enginesFolder, tfjsVersion } from './cache.ts'
import { currentEnvironment, type Environment } from './environment.ts'
import { type Attempt, chosenProviders, type FoundEngine, findEngine } from './find.ts'
import { withLock } from './lock.ts'
import { writeManifest } from './manifest.ts'
import { type Progress, textProgress } from './progress.ts'
import type { Provider } from './provider.ts'
import { providers as allProviders } from './providers.ts'
import { writeSetupLog } from './setup-log.ts'
import { listFiles } from './steps.ts'

export interface ProvideOptions {
  readonly environment?: Environment
  readonly providers?: readonly Provider[]
  readonly report?: Progress
  /** One line about something that happened: a damaged cache, a provider that failed, a wait. */
  readonly say?: (line: string) => void
  /** Milliseconds between two looks at another process's lock. */
  readonly poll?: number
}

/**
 * Returns the engine, and what was tried on the way. Throws `engine.install-failed` when no provider could build one,
 * `disk.full` or `disk.read-only` when the cache cannot be written to.
 */
export async function provideEngine(
  options: ProvideOptions = {},
): Promise<FoundEngine & { readonly attempts: readonly Attempt[] }> {
  const { environment = currentEnvironment(), providers = allProviders, report = () => {}, say = () => {} } = options
  const cached = await findEngine(providers, environment, { full: true })
  if (cached.found) return { ...cached.found, attempts: cached.attempts }
  const lock = join(enginesFolder(environment), '.lock')
  const onWait = (owner: string) => say(`The engine is being set up by ${owner}; waiting for it.`)
  try {
    return await withLock(lock, () => build(environment, providers, report, say), {
      onWait,
      ...(options.poll !== undefined && { poll: options.poll }),
    })
  } catch (error) {
    throw storageError(error, environment) ?? error
  }
}

async function build(
  environment: Environment,
  providers: readonly Provider[],
  report: Progress,
  say: (line: string) => void,
): Promise<FoundEngine & { readonly attempts: readonly Attempt[] }> {
  // Whoever held the lock before may have built it.
  const { found, attempts: seen } = await findEngine(providers, environment, { full: true })
  if (found) return { ...found, attempts: seen }
  for (const { outcome, detail } of seen) {
    if (outcome === 'damaged') say(`The engine in the cache is damaged: ${detail}. It is built again.`)
  }
  const attempts: Attempt[] = []
  for (const { provider, skipped } of chosenProviders(providers, environment)) {
    const about = { provider: provider.id, label: provider.label }
    if (skipped !== null) {
      attempts.push({ ...about, outcome: 'skipped', detail: skipped })
      continue
    }
    say(`Engine: ${provider.label}`)
    try {
      const engine = await buildOne(provider, environment, report)
      attempts.push({ ...about, outcome: 'built', detail: engine.folder })
      await writeSetupLog(environment, attempts)
      return { ...engine, attempts }
    } catch (error) {
      const storage = storageError(error, environment)
      if (storage) throw storage
      const detail = describe(error)
      attempts.push({ ...about, outcome: 'failed', detail })
      say(`That did not work: ${detail}`)
    }
  }
  await writeSetupLog(environment, attempts)
  const failed = attempts.filter(attempt => attempt.outcome === 'failed')
  const skipped = attempts.filter(attempt => attempt.outcome === 'skipped')
  const failures = [...failed, ...skipped].map(({ provider, detail }) => `${provider}: ${detail}`)
  throw new EspalierError({
    code: 'engine.install-failed',
    message: `No way to TensorFlow worked on this machine. ${failures.join(' | ')}`,
    rule: 'Training and evaluation need the TensorFlow engine.',
    hint: '"npm run espalier -- doctor" prints what was found, what was tried and why it failed.',
  })
}

/** What failed and what would help, as sentences. */
function describe(error: unknown): string {
  const { message, hint } = toErrorData(error)
  const sentence = message.replace(/\.?$/, '.')
  return error instanceof EspalierError && hint ? `${sentence} ${hint}` : sentence
}

/** A full or read-only disk, which no other provider would overcome; `null` for any other error. */
function storageError(error: unknown, environment: Environment): EspalierError | null {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  const file = cacheFolder(environment)
  const hint = 'Make room, or name another folder in the environment variable ESPALIER_CACHE.'
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new EspalierError({
      code: 'disk.full',
      message: `The disk of the cache folder ${file} is full.`,
      file,
      hint,
    })
  }
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM' || code === 'ENOTDIR') {
    const message = `The cache folder ${file} cannot be written to (${code}).`
    return new EspalierError({ code: 'disk.read-only', message, file, hint })
  }
  return null
}

async function buildOne(provider: Provider, environment: Environment, report: Progress): Promise<FoundEngine> {
  const name = engineName(provider, environment)
  const folder = join(enginesFolder(environment), name)
  const staging = join(enginesFolder(environment), `.building-${name}`)
  await mkdir(staging, { recursive: true })
  const built = await provider.build({ environment, staging, report })
  report({ label: 'Computing checksums' })
  const manifest = await writeManifest(
    built.folder,
    {
      provider: provider.id,
      source: built.source,
      tfjs: tfjsVersion,
      tensorflow: built.tensorflow,
      built: new Date().toISOString(),
      addon: built.addon,
    },
    await listFiles(built.folder),
  )
  report({ label: 'Computing checksums', outcome: `${manifest.files.length} files` })
  await rm(folder, { recursive: true, force: true })
  await rename(built.folder, folder)
  // The wheel and the headers are of no more use: with them the cache would be more than half as large again.
  await rm(staging, { recursive: true, force: true })
  return { provider, folder, manifest }
}

/** With `--cached` it only answers, by its exit status, whether an engine that looks intact is in the cache. */
async function main(): Promise<number> {
  const say = (line: string) => process.stderr.write(`${line}\n`)
  if (process.argv.includes('--cached')) {
    return (await findEngine(allProviders, currentEnvironment())).found ? 0 : 1
  }
  try {
    const { manifest, folder, attempts } = await provideEngine({ report: textProgress(process.stderr), say })
    const state = attempts.at(-1)?.outcome === 'cached' ? 'from the cache' : 'built'
    say(`Engine: TensorFlow ${manifest.tensorflow} (${manifest.provider}), ${state}: ${folder}`)
    return 0
  } catch (error) {
    const { code, message, hint } = toErrorData(error)
    // The reasons were said one by one as they came up.
    say(code === 'engine.install-failed' ? 'TensorFlow could not be set up.' : message)
    if (hint) say(hint)
    return 1
  }
}

if (import.meta.main) process.exitCode = await main()
