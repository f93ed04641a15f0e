/** The steps that both wheel providers share. */
import { basename, join } from 'node:path'
import { addonFile, buildAddon, requireCompiler } from './addon.ts'
import type { Environment } from './environment.ts'
import type { BuildContext, BuiltEngine } from './provider.ts'
import { once } from './steps.ts'
import { downloadWheel, extractWheel, findWheel } from './wheel.ts'

/**
 * The TensorFlow that this code was measured with. A pre-release or a later minor version may drop what the
 * addon or the compiled graphs use.
 */
export const tensorflowVersion = '2.21.*'

/** The libraries the addon is linked with. */
export const tensorflowLibraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']

/** Why a manylinux wheel cannot be used here, or `null`. */
export function wheelUnsuitable({ platform, arch, glibc, avx }: Environment): string | null {
  if (platform !== 'linux' || arch !== 'x64') return `the wheel is for Linux x64, this is ${platform} ${arch}`
  if (glibc === null) return 'the wheel needs the GNU C library, which this system does not use'
  const [major = 0, minor = 0] = glibc.split('.').map(Number)
  if (major < 2 || (major === 2 && minor < 27)) return `the wheel needs glibc 2.27, this system has ${glibc}`
  if (avx === false) return 'TensorFlow needs a processor with AVX, which this one lacks'
  return null
}

/** The part of a wheel that is unpacked: what becomes the engine, and the headers the addon is compiled with. */
export function placeTensorflow(entry: string): string | undefined {
  const file = basename(entry)
  if (entry === `tensorflow/${file}` && tensorflowLibraries.includes(file)) return `engine/lib/${file}`
  const header = /^tensorflow\/include\/((?:tensorflow\/(?:c|core\/platform)|xla\/tsl\/c|tsl\/platform)\/.+\.h)$/.exec(
    entry,
  )
  return header?.[1] && `include/${header[1]}`
}

/**
 * Builds an engine from the wheel of `packageName`. `extend` may put more libraries into the `lib` folder before the
 * addon is linked; it returns their file names.
 */
export async function buildFromWheel(
  packageName: string,
  { environment, staging, report }: BuildContext,
  extend: (libraries: string, wheel: string) => Promise<readonly string[]> = async () => [],
): Promise<BuiltEngine> {
  // Asked first: it would be a pity to find out after a long download.
  requireCompiler(environment)
  const download = await once(staging, 'wheel', folder =>
    downloadWheel(`${packageName}==${tensorflowVersion}`, folder, environment, report),
  )
  const wheel = await findWheel(download)
  const unpacked = await once(staging, 'unpacked', folder => extractWheel(wheel, folder, placeTensorflow, report))
  const folder = join(unpacked, 'engine')
  const libraryFolder = join(folder, 'lib')
  const more = await extend(libraryFolder, wheel)
  await buildAddon(
    {
      output: join(libraryFolder, addonFile),
      headers: join(unpacked, 'include'),
      libraryFolder,
      libraries: [...tensorflowLibraries, ...more],
    },
    environment,
    report,
  )
  // A wheel's file name reads `name-version-python-abi-platform.whl`.
  const version = basename(wheel).split('-')[1] ?? tensorflowVersion
  return { folder, source: `Python wheel ${packageName} ${version}`, tensorflow: version, addon: `lib/${addonFile}` }
}
