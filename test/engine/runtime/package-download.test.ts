import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { currentEnvironment, type Environment } from '../../../src/engine/runtime/environment.ts'
import { packageDownload } from '../../../src/engine/runtime/providers/package-download.ts'
import { listFiles } from '../../../src/engine/runtime/steps.ts'
import { machine } from './machine.ts'

/** A package whose install script is the given one, on a machine that really runs it. */
function packageWith(script: string, change: Partial<Environment> = {}) {
  const environment = machine({ run: currentEnvironment().run, ...change })
  mkdirSync(join(environment.packageFolder, 'scripts'), { recursive: true })
  writeFileSync(join(environment.packageFolder, 'package.json'), '{}')
  writeFileSync(join(environment.packageFolder, 'scripts', 'install.js'), script)
  const staging = join(environment.home, 'staging')
  mkdirSync(staging)
  return { environment, staging, report: () => undefined }
}

const leaves = (...files: string[]) => `
  const { mkdirSync, writeFileSync } = require('fs'), { dirname } = require('path')
  if (process.argv.slice(2).join(' ') !== 'gpu download') throw new Error('wrong arguments')
  for (const file of ${JSON.stringify(files)}) { mkdirSync(dirname(file), { recursive: true }); writeFileSync(file, file) }`

it('keeps what the install script brings, and leaves the package as it was', async () => {
  const context = packageWith(
    leaves('lib/napi-v8/tfjs_binding.node', 'deps/lib/libtensorflow.so.2.9.1', 'deps/include/a.h'),
  )
  const engine = await packageDownload.build(context)
  expect(await listFiles(engine.folder)).toEqual(['deps/lib/libtensorflow.so.2.9.1', 'lib/addon/tfjs_binding.node'])
  expect(engine).toMatchObject({ tensorflow: '2.9.1', addon: 'lib/addon/tfjs_binding.node' })
  expect(await listFiles(context.environment.packageFolder)).toEqual(['package.json', 'scripts/install.js'])
})

it('puts the DLL beside the addon on Windows, even when the script could not make its link', async () => {
  const script = `${leaves('lib/napi-v8/tfjs_binding.node', 'deps/lib/tensorflow.dll')}\nprocess.exit(1)`
  const engine = await packageDownload.build(packageWith(script, { platform: 'win32' }))
  expect(await listFiles(engine.folder)).toEqual(['lib/addon/tensorflow.dll', 'lib/addon/tfjs_binding.node'])
})

it('quotes the script when it brings nothing', async () => {
  const attempt = packageDownload.build(packageWith("throw new Error('getaddrinfo ENOTFOUND somewhere')"))
  await expect(attempt).rejects.toThrow(
    "tfjs-node's install script brought no addon: Error: getaddrinfo ENOTFOUND somewhere",
  )
})
