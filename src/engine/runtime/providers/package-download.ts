/**
 * The package's own download: libtensorflow 2.9 (2.7 on ARM) and a prebuilt addon, by the install script that
 * npm was told not to run. It runs in a copy of the package inside the cache, because it writes into its own folder.
 */
import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { EspalierError } from '../../../shared/errors.ts'
import type { Environment } from '../environment.ts'
import type { BuildContext, BuiltEngine, Provider } from '../provider.ts'
import { listFiles, once, watchFolder } from '../steps.ts'

const platforms = ['linux x64', 'linux arm64', 'darwin x64', 'darwin arm64', 'win32 x64']

export const packageDownload: Provider = {
  id: 'package',
  label: 'TensorFlow 2.9 or older, from the download place of tfjs-node',
  revision: 1,
  unsuitable({ platform, arch, glibc, avx }) {
    if (!platforms.includes(`${platform} ${arch}`)) return `there is no download for ${platform} ${arch}`
    if (platform === 'linux' && glibc === null) return 'it needs the GNU C library, which this system does not use'
    if (avx === false) return 'TensorFlow needs a processor with AVX, which this one lacks'
    return null
  },
  build,
}

async function build({ environment, staging, report }: BuildContext): Promise<BuiltEngine> {
  const folder = await once(staging, 'engine', async engine => {
    const copy = join(engine, 'package')
    await cp(environment.packageFolder, copy, {
      recursive: true,
      filter: source => !['deps', 'lib', 'node_modules'].some(name => source === join(environment.packageFolder, name)),
    })
    const script = environment.run(process.execPath, ['scripts/install.js', 'gpu', 'download'], {
      cwd: copy,
      env: scriptVariables(environment),
    })
    const label = "Downloading with tfjs-node's install script"
    const result = await watchFolder(copy, label, report, script)
    // The script's status says little (a link that cannot be made on Windows fails it); what counts is what it left.
    const found = (await listFiles(copy)).find(file => /^lib\/.*tfjs_binding\.node$/.test(file))
    const libraries = existsSync(join(copy, 'deps', 'lib')) ? await readdir(join(copy, 'deps', 'lib')) : []
    if (found === undefined || libraries.length === 0) {
      report({ label, outcome: 'failed' })
      const output = `${result.stderr}\n${result.stdout}`
      const said = /^\w*Error: (.+)$|^(.*failed with error.*)$/m.exec(output)?.[0] ?? output.trim().split('\n').at(-1)
      throw new EspalierError({
        code: 'engine.install-failed',
        message: `tfjs-node's install script brought no ${found ? 'libtensorflow' : 'addon'}: ${said || 'no message'}`,
        hint: 'It downloads from a storage place of the tfjs project; check the network and the proxy settings.',
      })
    }
    // The addon looks for the libraries at ../../deps/lib, on Windows in its own folder.
    const addonFolder = dirname(join(copy, found))
    if (environment.platform === 'win32') {
      for (const file of libraries.filter(name => name.endsWith('.dll'))) {
        await copyFile(join(copy, 'deps', 'lib', file), join(addonFolder, file))
      }
    } else {
      await mkdir(join(engine, 'deps'))
      await rename(join(copy, 'deps', 'lib'), join(engine, 'deps', 'lib'))
    }
    await mkdir(join(engine, 'lib'))
    await rename(addonFolder, join(engine, 'lib', 'addon'))
    await rm(copy, { recursive: true })
    report({ label, outcome: 'done' })
  })
  const files = await listFiles(folder)
  const version = files.map(file => /libtensorflow\D*(\d+\.\d+\.\d+)/.exec(file)?.[1]).find(Boolean) ?? 'unknown'
  return { folder, source: 'download of tfjs-node', tensorflow: version, addon: 'lib/addon/tfjs_binding.node' }
}

/** The copy has no node_modules of its own: it finds its dependencies and node-pre-gyp in the project's. */
function scriptVariables({ packageFolder, variables, platform }: Environment): Record<string, string> {
  const modules = join(packageFolder, '..', '..')
  const path = (platform === 'win32' && Object.keys(variables).find(name => name.toUpperCase() === 'PATH')) || 'PATH'
  return { NODE_PATH: modules, [path]: [join(modules, '.bin'), variables[path] ?? ''].join(delimiter) }
}
