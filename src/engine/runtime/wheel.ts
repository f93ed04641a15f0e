/**
 * libtensorflow out of a Python wheel. The wheel is asked for by package name: pip knows its index, its proxy,
 * its certificates and its mirrors, and checks the hash of what it brings.
 */
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import yauzl from 'yauzl'
import { EspalierError } from '../../shared/errors.ts'
import type { Environment } from './environment.ts'
import { formatBytes, type Progress } from './progress.ts'
import { watchFolder } from './steps.ts'

/**
 * Wheels carry the version of the Python they are for, but only their libraries are used here. So when the
 * machine's Python is one that TensorFlow has no wheel for, the wheel for this one is taken instead.
 */
const anyPython = ['--python-version', '3.12', '--implementation', 'cp', '--abi', 'cp312', '--abi', 'none'].concat(
  ['manylinux_2_28_x86_64', 'manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64', 'any'].flatMap(
    platform => ['--platform', platform],
  ),
)

/** A Python that has pip, as its full path. Throws `engine.install-failed` that says what is missing. */
export async function findPython(environment: Environment): Promise<string> {
  let without: string | undefined
  // The system's own Python comes last: another one may stand before it on PATH, without pip.
  for (const program of [environment.which('python3'), environment.which('python'), '/usr/bin/python3']) {
    if (program === null) continue
    const { status } = await environment.run(program, ['-m', 'pip', '--version'])
    if (status === 0) return program
    if (status !== null) without ??= program
  }
  throw new EspalierError({
    code: 'engine.install-failed',
    message: without ? `${without} has no pip.` : 'No Python 3 was found.',
    rule: 'The TensorFlow wheel is fetched with pip, by package name.',
    hint: without ? 'Install pip (Debian, Ubuntu: apt-get install python3-pip).' : pythonHint,
  })
}

const pythonHint = 'Install Python 3 with pip (Debian, Ubuntu: apt-get install python3 python3-pip).'

/**
 * Downloads the wheel of one requirement (`tensorflow-cpu==2.21.*`), without what it depends on, into `folder`.
 */
export async function downloadWheel(
  requirement: string,
  folder: string,
  environment: Environment,
  report: Progress,
): Promise<void> {
  const python = await findPython(environment)
  const label = `Downloading ${requirement} with pip`
  // pip downloads into the system's temporary folder first; in a folder of our own its progress can be seen.
  const temporary = join(folder, 'pip')
  await mkdir(temporary, { recursive: true })
  const base = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check']
  let said = ''
  for (const extra of [[], anyPython]) {
    const args = [...base, ...extra, '--dest', folder, requirement]
    const pip = environment.run(python, args, { env: { TMPDIR: temporary } })
    const result = await watchFolder(folder, label, report, pip)
    said = lastError(result.stderr || result.stdout)
    if (result.status === 0) {
      await rm(temporary, { recursive: true, force: true })
      report({ label, outcome: formatBytes((await stat(await findWheel(folder))).size) })
      return
    }
    if (!/no matching distribution|could not find a version/i.test(result.stderr)) break
  }
  report({ label, outcome: 'failed' })
  throw new EspalierError({
    code: 'engine.install-failed',
    message: `pip could not download ${requirement}: ${said}`,
    rule: 'The TensorFlow wheel is fetched with pip, by package name.',
    hint: `Check that "${basename(python)} -m pip download --no-deps '${requirement}'" works in a terminal (network, proxy, index).`,
  })
}

/** The sentence of pip's output that says what went wrong. */
function lastError(output: string): string {
  const lines = output.split('\n').map(line => line.trim())
  const found = lines.filter(line => line.startsWith('ERROR:')).pop() ?? lines.filter(Boolean).pop() ?? 'no message'
  return found.replace(/^ERROR:\s*/, '')
}

/**
 * Unpacks the entries of a wheel that `place` gives a path to (relative to `folder`; `undefined` leaves an entry out).
 * Progress counts unpacked bytes.
 */
export async function extractWheel(
  wheel: string,
  folder: string,
  place: (entry: string) => string | undefined,
  report: Progress,
): Promise<void> {
  const label = `Unpacking ${basename(wheel)}`
  const zip = await yauzl.openPromise(wheel, { autoClose: false })
  try {
    const entries = []
    for await (const entry of zip.eachEntry()) {
      const path = entry.fileName.endsWith('/') ? undefined : place(entry.fileName)
      if (path !== undefined) entries.push({ entry, path })
    }
    const total = entries.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0)
    let done = 0
    for (const { entry, path } of entries) {
      const target = join(folder, path)
      await mkdir(dirname(target), { recursive: true })
      const source = await zip.openReadStreamPromise(entry)
      source.on('data', (chunk: Buffer) => {
        done += chunk.length
        report({ label, done, total })
      })
      await pipeline(source, createWriteStream(target))
    }
    report({ label, outcome: `${entries.length} files` })
  } finally {
    zip.close()
  }
}

/** The wheel that `downloadWheel` left in `folder`. */
export async function findWheel(folder: string): Promise<string> {
  const name = (await readdir(folder)).find(file => file.endsWith('.whl'))
  if (name === undefined) {
    throw new EspalierError({ code: 'engine.install-failed', message: `There is no wheel in ${folder}.`, file: folder })
  }
  return join(folder, name)
}

/** The text of the first entry whose name `matches`; empty when there is none. */
export async function readWheelEntry(wheel: string, matches: (entry: string) => boolean): Promise<string> {
  const zip = await yauzl.openPromise(wheel, { autoClose: false })
  try {
    for await (const entry of zip.eachEntry()) {
      if (matches(entry.fileName)) return await text(await zip.openReadStreamPromise(entry))
    }
    return ''
  } finally {
    zip.close()
  }
}
