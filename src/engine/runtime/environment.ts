/**
 * Everything the engine's set-up asks of the machine, in one object: tests hand in machines that do not exist.
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

export interface CommandResult {
  /** Exit status; `null` when a signal ended it or it could not be started. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface Environment {
  readonly platform: NodeJS.Platform
  readonly arch: string
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** Version of the GNU C library; `null` on systems with another one (musl) and outside Linux. */
  readonly glibc: string | null
  /** Whether the processor has AVX, which TensorFlow's builds for x64 need; `null` where the system does not say. */
  readonly avx: boolean | null
  /** The folder of the tfjs-node-gpu package. */
  readonly packageFolder: string
  /** An NVIDIA GPU and its driver are present. */
  hasNvidiaGpu(): boolean
  /** Full path of a program on PATH, or `null`. */
  which(program: string): string | null
  /** Runs a program to its end. Never throws: a program that cannot be started has status `null` and says why in `stderr`. */
  run(program: string, args: readonly string[], options?: CommandOptions): Promise<CommandResult>
}

// Not named `require`: the bundler of the desktop declares that name itself.
const packageRequire = createRequire(import.meta.url)

export function currentEnvironment(): Environment {
  const variables = process.env
  return {
    platform: process.platform,
    arch: process.arch,
    variables,
    home: homedir(),
    glibc: glibcVersion(),
    avx: hasAvx(),
    packageFolder: dirname(packageRequire.resolve('@tensorflow/tfjs-node-gpu/package.json')),
    hasNvidiaGpu: () => hasNvidiaGpu(process.platform),
    which: program => which(program, variables['PATH'] ?? '', process.platform),
    run,
  }
}

function glibcVersion(): string | null {
  if (process.platform !== 'linux') return null
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime ?? null
}

function hasAvx(): boolean | null {
  const file = '/proc/cpuinfo'
  if (process.arch !== 'x64' || !existsSync(file)) return null
  return /^flags\s*:.*\bavx\b/m.test(readFileSync(file, 'utf8'))
}

/** Looked up through the driver's own files, because starting nvidia-smi takes seconds on some machines. */
function hasNvidiaGpu(platform: NodeJS.Platform): boolean {
  if (platform !== 'linux') return false
  const listed = '/proc/driver/nvidia/gpus'
  if (existsSync(listed) && readdirSync(listed).length > 0) return true
  return existsSync('/dev/nvidia0') || existsSync('/usr/lib/wsl/lib/libcuda.so.1')
}

function which(program: string, path: string, platform: NodeJS.Platform): string | null {
  const endings = platform === 'win32' ? ['.exe', '.cmd', '.bat'] : ['']
  for (const folder of path.split(delimiter).filter(Boolean)) {
    for (const ending of endings) {
      const file = join(folder, program + ending)
      if (existsSync(file)) return file
    }
  }
  return null
}

function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise(resolve => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', error => resolve({ status: null, stdout, stderr: stderr || error.message }))
    child.on('close', status => resolve({ status, stdout, stderr }))
  })
}
