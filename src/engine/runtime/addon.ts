/**
 * Builds tfjs-node's addon, two C++ files over TensorFlow's stable C interface, against the libtensorflow at hand.
 */
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { EspalierError } from '../../shared/errors.ts'
import { nodeApiVersion } from './cache.ts'
import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'

// Not named `require`: the bundler of the desktop declares that name itself.
const packageRequire = createRequire(import.meta.url)

/** Name of the addon's file; it stands beside the libraries it is linked with. */
export const addonFile = 'tfjs_binding.node'

/** The C++ compiler: `$CXX`, or the first of the usual ones; `null` when there is none. */
export function findCompiler(environment: Environment): string | null {
  const chosen = environment.variables['CXX']
  for (const program of [chosen, 'g++', 'c++', 'clang++']) {
    const path = program && environment.which(program)
    if (path) return path
  }
  return null
}

/** The C++ compiler. Throws `engine.install-failed` when there is none. */
export function requireCompiler(environment: Environment): string {
  const compiler = findCompiler(environment)
  if (compiler !== null) return compiler
  throw new EspalierError({
    code: 'engine.install-failed',
    message: 'No C++ compiler was found.',
    rule: 'The addon that connects Node and TensorFlow is compiled on this machine.',
    hint: 'Install g++ (Debian, Ubuntu: apt-get install g++).',
  })
}

/**
 * Compiles the addon into `output` and links it with `libraries` (file names in `libraryFolder`). The addon looks
 * for them beside itself, so the folder can be moved.
 */
export async function buildAddon(
  parts: {
    readonly output: string
    readonly headers: string
    readonly libraryFolder: string
    readonly libraries: readonly string[]
  },
  environment: Environment,
  report: Progress,
): Promise<void> {
  const compiler = requireCompiler(environment)
  const label = 'Compiling the addon'
  report({ label })
  await mkdir(dirname(parts.output), { recursive: true })
  const { packageFolder } = environment
  const nodeHeaders = join(dirname(packageRequire.resolve('node-api-headers/package.json')), 'include')
  const result = await environment.run(compiler, [
    ...['-O2', '-std=c++17', '-shared', '-fPIC', `-DNAPI_VERSION=${nodeApiVersion}`],
    ...[nodeHeaders, parts.headers, packageFolder].flatMap(folder => ['-I', folder]),
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map(file => join(packageFolder, 'binding', file)),
    // Every library becomes a dependency of the addon, used by it or not: TensorFlow opens the CUDA libraries by
    // name while it runs and finds those that the addon has brought along.
    '-Wl,--no-as-needed',
    ...['-L', parts.libraryFolder, ...parts.libraries.map(file => `-l:${file}`)],
    ...['-Wl,-rpath,$ORIGIN', '-Wl,--disable-new-dtags'],
    ...['-o', parts.output],
  ])
  if (result.status !== 0) {
    report({ label, outcome: 'failed' })
    const first = result.stderr.split('\n').find(line => /error/i.test(line)) ?? result.stderr.trim().split('\n')[0]
    throw new EspalierError({
      code: 'engine.install-failed',
      message: `${compiler} could not compile the addon: ${first || 'no message'}`,
      rule: 'The addon that connects Node and TensorFlow is compiled on this machine.',
      hint: 'A g++ from version 7 on with its standard library is needed (Debian, Ubuntu: apt-get install g++).',
    })
  }
  report({ label, outcome: 'done' })
}
