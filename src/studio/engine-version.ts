/** The engine in the cache, as far as stage keys need to know it. TensorFlow is not loaded for this. */
import { currentEnvironment } from '../engine/runtime/environment.ts'
import { findEngine } from '../engine/runtime/find.ts'
import { providers } from '../engine/runtime/providers.ts'
import { engineThreads } from '../engine/runtime/threads.ts'
import type { EngineDescription } from './host.ts'

/** Raised when our own stages begin to compute other numbers from the same inputs. */
const revision = 2

/** null if there is none, or a damaged one. */
export async function describeEngine(): Promise<EngineDescription | null> {
  const { found } = await findEngine(providers, currentEnvironment())
  if (!found) return null
  const { provider, tensorflow } = found.manifest
  return { version: `${revision} ${provider} ${tensorflow} threads=${engineThreads()}`, tensorflow }
}
