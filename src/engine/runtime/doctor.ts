/** Looks at everything the engine depends on and proves that it computes right. Changes nothing. */
import { fork } from 'node:child_process'
import { access, constants, mkdir, statfs } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DoctorCheck, DoctorReport, DoctorStatus } from '../../shared/doctor.ts'
import { toErrorData } from '../../shared/errors.ts'
import { findCompiler } from './addon.ts'
import { cacheFolder } from './cache.ts'
import { currentEnvironment, type Environment } from './environment.ts'
import { type Attempt, findEngine } from './find.ts'
import type { ProbeResult } from './probe.ts'
import { formatBytes } from './progress.ts'
import type { Provider } from './provider.ts'
import { providers as allProviders } from './providers.ts'
import { readSetupLog } from './setup-log.ts'
import { folderBytes } from './steps.ts'
import { findPython } from './wheel.ts'

export interface DoctorOptions {
  readonly environment?: Environment
  readonly providers?: readonly Provider[]
  /** Checks of other layers (the project database, for one). One that throws is reported as failed. */
  readonly extra?: readonly (() => Promise<DoctorCheck>)[]
  /** Milliseconds after which the probe is given up. */
  readonly probeTimeout?: number
  /** Runs the probe where a host has its own way to start processes. */
  readonly probe?: () => Promise<ProbeResult>
}

/** Bytes an engine needs while it is built: the wheels, what is unpacked from them (5.3 GB with the CUDA libraries), and some air. */
const bytesToBuild = { cpu: 1.5e9, gpu: 10e9 }

export async function doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  const { environment = currentEnvironment(), providers = allProviders, extra = [], probeTimeout = 120_000 } = options
  const { found, attempts } = await findEngine(providers, environment, { full: true })
  const built = found !== null
  const checks: DoctorCheck[] = [
    nodeCheck(),
    machineCheck(environment),
    await cacheCheck(environment),
    await diskCheck(environment, built),
    await pythonCheck(environment, built),
    compilerCheck(environment, built),
    ...(await providerChecks(attempts, environment)),
  ]
  if (found === null) {
    checks.push(check('engine', 'TensorFlow engine', 'fail', 'There is no engine in the cache.', 'Run "npm start".'))
    checks.push(gpuCheck(environment, null))
  } else {
    const { source, files, addon } = found.manifest
    const size = formatBytes(files.reduce((sum, file) => sum + file.bytes, 0))
    const detail = `${source}, ${size}, checksums right: ${join(found.folder, addon)}`
    checks.push(check('engine', 'TensorFlow engine', 'ok', detail))
    const result = await (options.probe?.() ?? runProbe(probeTimeout))
    checks.push(...probeChecks(result), gpuCheck(environment, 'error' in result ? null : result.device))
  }
  for (const look of extra) checks.push(await guarded(look))
  return { ok: checks.every(({ status }) => status !== 'fail'), checks }
}

function check(id: string, label: string, status: DoctorStatus, detail: string, hint?: string): DoctorCheck {
  return { id, label, status, detail, ...(hint !== undefined && { hint }) }
}

async function guarded(look: () => Promise<DoctorCheck>): Promise<DoctorCheck> {
  try {
    return await look()
  } catch (error) {
    const { message, hint } = toErrorData(error)
    return check('extra', 'Further check', 'fail', message, hint)
  }
}

function nodeCheck(): DoctorCheck {
  const detail = `${process.version}, Node-API ${process.versions['napi']}`
  const major = Number(process.versions.node.split('.')[0])
  if (major >= 24) return check('node', 'Node', 'ok', detail)
  return check(
    'node',
    'Node',
    'fail',
    detail,
    'Node 24 is needed; the npm scripts bring it: use "npm run espalier -- ...".',
  )
}

function machineCheck({ platform, arch, glibc, avx }: Environment): DoctorCheck {
  const parts = [
    `${platform} ${arch}`,
    glibc ? `glibc ${glibc}` : '',
    `${cpus().length} processors (${cpus()[0]?.model.trim() ?? 'unknown'})`,
    `${formatBytes(totalmem())} of memory`,
  ]
  const detail = parts.filter(Boolean).join(', ')
  if (avx === false)
    return check('machine', 'Machine', 'fail', `${detail}, no AVX`, 'TensorFlow needs a processor with AVX.')
  return check('machine', 'Machine', 'ok', detail)
}

async function cacheCheck(environment: Environment): Promise<DoctorCheck> {
  const folder = cacheFolder(environment)
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
    return check('cache', 'Cache', 'ok', `${folder} (${formatBytes(await folderBytes(folder))})`)
  } catch (error) {
    const detail = `${folder} cannot be written to: ${toErrorData(error).message}`
    return check('cache', 'Cache', 'fail', detail, 'Name another folder in the environment variable ESPALIER_CACHE.')
  }
}

async function diskCheck(environment: Environment, built: boolean): Promise<DoctorCheck> {
  const label = 'Free disk space'
  const needed = built ? 2e8 : bytesToBuild[environment.hasNvidiaGpu() ? 'gpu' : 'cpu']
  try {
    const { bavail, bsize } = await statfs(cacheFolder(environment))
    const detail = `${formatBytes(bavail * bsize)} in the cache's file system`
    if (bavail * bsize >= needed) return check('disk', label, 'ok', detail)
    const hint = `${formatBytes(needed)} are needed ${built ? 'to work' : 'to set up the engine'}; make room, or name another folder in ESPALIER_CACHE.`
    return check('disk', label, built ? 'warn' : 'fail', detail, hint)
  } catch (error) {
    return check('disk', label, 'warn', `It could not be found out: ${toErrorData(error).message}`)
  }
}

async function pythonCheck(environment: Environment, built: boolean): Promise<DoctorCheck> {
  const label = 'Python with pip'
  try {
    const python = await findPython(environment)
    const pip = await environment.run(python, ['-m', 'pip', '--version'])
    return check('python', label, 'ok', `${python}: ${pip.stdout.trim().split(' from ')[0]}`)
  } catch (error) {
    const { message, hint } = toErrorData(error)
    if (built) return check('python', label, 'ok', `${message} Not needed: the engine is there.`)
    return check('python', label, 'warn', message, hint)
  }
}

function compilerCheck(environment: Environment, built: boolean): DoctorCheck {
  const label = 'C++ compiler'
  const compiler = findCompiler(environment)
  if (compiler !== null) return check('compiler', label, 'ok', compiler)
  if (built) return check('compiler', label, 'ok', 'None was found. Not needed: the engine is there.')
  return check('compiler', label, 'warn', 'None was found.', 'Install g++ (Debian, Ubuntu: apt-get install g++).')
}

/** One line a provider: what the cache holds of it, and what became of it in the last set-up. */
async function providerChecks(attempts: readonly Attempt[], environment: Environment): Promise<DoctorCheck[]> {
  const log = await readSetupLog(environment)
  return attempts.map(({ provider, label, outcome, detail }) => {
    const id = `provider.${provider}`
    const name = `Provider ${provider}`
    if (outcome === 'cached') return check(id, name, 'ok', `${label}: in the cache, used`)
    if (outcome === 'skipped') return check(id, name, 'ok', `${label}: not for this machine, ${detail}`)
    if (outcome === 'damaged') {
      return check(
        id,
        name,
        'warn',
        `${label}: damaged in the cache, ${detail}`,
        'Run "npm start", which builds it again.',
      )
    }
    const last = log?.attempts.find(attempt => attempt.provider === provider && attempt.outcome === 'failed')
    if (last === undefined) return check(id, name, 'ok', `${label}: not in the cache, not tried yet`)
    return check(
      id,
      name,
      'warn',
      `${label}: tried ${log?.time.slice(0, 16).replace('T', ' ')}, failed: ${last.detail}`,
    )
  })
}

/** Runs `probe.ts` in a process of its own. A crash, a silence or an exit becomes an error with what it wrote. */
export function runProbe(timeout: number): Promise<ProbeResult> {
  return new Promise(resolve => {
    const script = join(dirname(fileURLToPath(import.meta.url)), 'probe.ts')
    const child = fork(script, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] })
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout)
    let said = ''
    let answer: ProbeResult | undefined
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000)
    })
    child.on('message', message => {
      answer = message as ProbeResult
    })
    child.on('error', error => {
      said += error.message
    })
    child.on('close', (status, signal) => {
      clearTimeout(timer)
      const end = signal ? `was ended by ${signal}` : `ended with status ${status}`
      const last = said.trim().split('\n').at(-1)
      const message = `The probe ${end} before it answered${last ? `: ${last}` : '.'}`
      resolve(answer ?? { error: { code: 'engine.failed', message } })
    })
  })
}

function probeChecks(result: ProbeResult): DoctorCheck[] {
  if ('error' in result) {
    const { message, file, hint } = result.error
    return [check('engine.load', 'TensorFlow loads', 'fail', file ? `${message} (${file})` : message, hint)]
  }
  const { tensorflowVersion, device, deviceName, proofs, leaked } = result
  const wrong = proofs.filter(proof => !proof.passed)
  const errors = proofs.map(({ op, error }) => `${op} ${error.toExponential(0)}`).join(', ')
  return [
    check('engine.load', 'TensorFlow loads', 'ok', `TensorFlow ${tensorflowVersion}`),
    check('engine.device', 'Device', 'ok', `${device.toUpperCase()}: ${deviceName}`),
    wrong.length === 0
      ? check('engine.numbers', 'It computes right', 'ok', `Relative error against plain JavaScript: ${errors}`)
      : check(
          'engine.numbers',
          'It computes right',
          'fail',
          `Wrong: ${wrong.map(({ op }) => op).join(', ')} (${errors})`,
        ),
    leaked === 0
      ? check('engine.leak', 'It gives memory back', 'ok', 'No tensor was left over')
      : check('engine.leak', 'It gives memory back', 'fail', `${leaked} tensors were left over`),
  ]
}

function gpuCheck(environment: Environment, device: 'cpu' | 'gpu' | null): DoctorCheck {
  const label = 'NVIDIA GPU'
  if (!environment.hasNvidiaGpu()) return check('gpu', label, 'ok', 'None is present; the CPU is used')
  if (device === 'gpu') return check('gpu', label, 'ok', 'Present and used')
  const hint = 'Set ESPALIER_ENGINE=wheel-cuda and run "npm start" to set up the engine for GPUs.'
  return check('gpu', label, 'warn', 'Present, but TensorFlow does not use it', hint)
}
