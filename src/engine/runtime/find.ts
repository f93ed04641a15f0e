/** Looks for an engine in the cache; never builds one. */
import { join } from 'node:path'
import { z } from 'zod'
import { engineName, enginesFolder } from './cache.ts'
import type { Environment } from './environment.ts'
import { type Manifest, verifyEngine } from './manifest.ts'
import type { Provider } from './provider.ts'

export interface FoundEngine {
  readonly provider: Provider
  readonly folder: string
  readonly manifest: Manifest
}

/** What became of one provider: why it was left out, what its cached engine was like, why its build failed. */
export const attemptSchema = z.strictObject({
  provider: z.string(),
  label: z.string(),
  outcome: z.enum(['skipped', 'absent', 'damaged', 'cached', 'failed', 'built']),
  detail: z.string(),
})

export type Attempt = Readonly<z.infer<typeof attemptSchema>>

/** The providers that may be used here: `ESPALIER_ENGINE` narrows them down to the one it names. */
export function chosenProviders(
  providers: readonly Provider[],
  environment: Environment,
): readonly { readonly provider: Provider; readonly skipped: string | null }[] {
  const wanted = environment.variables['ESPALIER_ENGINE']
  return providers.map(provider => ({
    provider,
    skipped: wanted && wanted !== provider.id ? `ESPALIER_ENGINE asks for ${wanted}` : provider.unsuitable(environment),
  }))
}

export function engineFolder(provider: Provider, environment: Environment): string {
  return join(enginesFolder(environment), engineName(provider, environment))
}

/** The first intact engine in the cache, in the providers' order, and what was seen on the way to it. */
export async function findEngine(
  providers: readonly Provider[],
  environment: Environment,
  options: { readonly full?: boolean } = {},
): Promise<{ readonly found: FoundEngine | null; readonly attempts: readonly Attempt[] }> {
  const attempts: Attempt[] = []
  for (const { provider, skipped } of chosenProviders(providers, environment)) {
    const about = { provider: provider.id, label: provider.label }
    if (skipped !== null) {
      attempts.push({ ...about, outcome: 'skipped', detail: skipped })
      continue
    }
    const folder = engineFolder(provider, environment)
    const state = await verifyEngine(folder, options)
    if (state.state === 'ok') {
      attempts.push({ ...about, outcome: 'cached', detail: folder })
      return { found: { provider, folder, manifest: state.manifest }, attempts }
    }
    const detail = state.state === 'damaged' ? `${state.reason} (${folder})` : 'not in the cache'
    attempts.push({ ...about, outcome: state.state, detail })
  }
  return { found: null, attempts }
}
