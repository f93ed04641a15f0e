/**
 * Provides the engine: takes the one in the cache, or builds one with the first provider that can. Run as a
 * program (`node src/engine/runtime/provide.ts`) it is the engine step of the project's set-up.
 */
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EspalierError, toErrorData } from '../../shared/errors.ts'
import { engineName, enginesFolder, tfjsVersion } from './cache.ts'
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

/** Returns the engine, and what was tried on the way. Throws `engine.install-failed` when no provider could build one. */
export async function provideEngine(
  options: ProvideOptions = {},
): Promise<FoundEngine & { readonly attempts: readonly Attempt[] }> {
  const { environment = currentEnvironment(), providers = allProviders, report = () => {}, say = () => {} } = options
  const cached = await findEngine(providers, environment, { full: true })
  if (cached.found) return { ...cached.found, attempts: cached.attempts }
  const lock = join(enginesFolder(environment), '.lock')
  const onWait = (owner: string) => say(`The engine is being set up by ${owner}; waiting for it.`)
  return withLock(lock, () => build(environment, providers, report, say), {
    onWait,
    ...(options.poll !== undefined && { poll: options.poll }),
  })
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
  const failures: string[] = []
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
      const { message, hint } = toErrorData(error)
      const detail = [message.replace(/\.?$/, '.'), error instanceof EspalierError ? hint : '']
        .filter(Boolean)
        .join(' ')
      attempts.push({ ...about, outcome: 'failed', detail })
      failures.push(`${provider.id}: ${detail}`)
      say(`That did not work: ${detail}`)
    }
  }
  for (const { provider, outcome, detail } of attempts)
    if (outcome === 'skipped') failures.push(`${provider}: ${detail}`)
  throw new EspalierError({
    code: 'engine.install-failed',
    message: `No way to TensorFlow worked on this machine. ${failures.join(' | ')}`,
    rule: 'Training and evaluation need the TensorFlow engine.',
    hint: '"npm run espalier -- doctor" prints what was found, what was tried and why it failed.',
  })
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

if (import.meta.main) {
  const say = (line: string) => process.stderr.write(`${line}\n`)
  try {
    const { manifest, folder, attempts } = await provideEngine({ report: textProgress(process.stderr), say })
    const state = attempts.at(-1)?.outcome === 'cached' ? 'from the cache' : 'built'
    say(`Engine: TensorFlow ${manifest.tensorflow} (${manifest.provider}), ${state}: ${folder}`)
  } catch (error) {
    const { message, hint } = toErrorData(error)
    say([message, hint].filter(Boolean).join('\n'))
    process.exitCode = 1
  }
}
