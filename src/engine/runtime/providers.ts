/**
 * The providers, in the order in which they are tried. An engine that is already in the cache comes before all of them.
 */
import type { Provider } from './provider.ts'
import { packageDownload } from './providers/package-download.ts'
import { wheelCpu } from './providers/wheel-cpu.ts'
import { wheelCuda } from './providers/wheel-cuda.ts'

export const providers: readonly Provider[] = [wheelCuda, wheelCpu, packageDownload]
