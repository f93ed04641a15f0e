/** What the set-up needs from the system, and how the system's package manager is asked for it. */
import { readFileSync } from 'node:fs'
import { output, run, say, which } from './process.mjs'

/**
 * The machine as the functions below look at it; tests hand in others.
 * @typedef {object} Machine
 * @property {string} platform
 * @property {string} arch
 * @property {boolean} isRoot
 * @property {(program: string) => string | null} which
 * @property {(python: string) => boolean} hasPip
 * @property {() => string} osRelease
 */

/** @typedef {'python' | 'pip' | 'compiler'} Need */

/** @returns {Machine} */
export function thisMachine() {
  return {
    platform: process.platform,
    arch: process.arch,
    isRoot: process.getuid?.() === 0,
    which: program => which([program]),
    hasPip: python => output(python, ['-m', 'pip', '--version']) !== null,
    osRelease: () => {
      try {
        return readFileSync('/etc/os-release', 'utf8')
      } catch {
        return ''
      }
    },
  }
}

const debian = { python: 'python3', pip: 'python3-pip', compiler: 'g++' }

/**
 * Names of packages for what the engine's set-up needs, by package manager. Only apt-get is ever run.
 * @type {Record<string, Record<Need | 'install', string>>}
 */
const managers = {
  'apt-get': { install: 'apt-get install -y', ...debian },
  dnf: { install: 'dnf install -y', python: 'python3', pip: 'python3-pip', compiler: 'gcc-c++' },
  zypper: { install: 'zypper install -y', python: 'python3', pip: 'python3-pip', compiler: 'gcc-c++' },
  pacman: { install: 'pacman -S --noconfirm', python: 'python', pip: 'python-pip', compiler: 'gcc' },
}

/**
 * What is missing to build the engine: a subset of `python`, `pip` and `compiler`. Only Linux on x64 builds it;
 * elsewhere it is downloaded ready-made.
 * @param {Machine} machine
 * @returns {Need[]}
 */
export function missingForEngine(machine) {
  if (machine.platform !== 'linux' || machine.arch !== 'x64') return []
  /** @type {Need[]} */
  const missing = []
  const python = machine.which('python3')
  if (python === null) missing.push('python', 'pip')
  else if (!machine.hasPip(python)) missing.push('pip')
  if (!['g++', 'c++', 'clang++'].some(program => machine.which(program) !== null)) missing.push('compiler')
  return missing
}

/**
 * The command that would install what is missing, or `null` on a system whose package manager is not known here.
 * @param {Need[]} missing
 * @param {Machine} machine
 */
export function installCommand(missing, machine) {
  const found = Object.entries(managers).find(([program]) => machine.which(program) !== null)
  if (found === undefined) return null
  const [, packages] = found
  return [packages.install, ...missing.map(need => packages[need])].join(' ')
}

/**
 * apt-get is run only as root and only on Debian and its relatives.
 * @param {Machine} machine
 */
export function mayUseApt(machine) {
  const debian = /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(machine.osRelease())
  return machine.isRoot && debian && machine.which('apt-get') !== null
}

/**
 * Installs packages with apt-get. Returns whether it worked.
 * @param {string[]} packages
 */
export async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  say(`Set-up: apt-get install ${packages.join(' ')}`)
  // Old package lists name files that are gone, so they are fetched first; without a network the old ones must do.
  await run('apt-get', ['-q', 'update'], { env })
  return (await run('apt-get', ['-q', 'install', '-y', '--no-install-recommends', ...packages], { env })) === 0
}

const names = { python: 'Python 3', pip: 'pip for Python 3', compiler: 'a C++ compiler' }

/** Provides what the engine's set-up needs, or says which command would. */
export async function provideForEngine(machine = thisMachine()) {
  const missing = missingForEngine(machine)
  if (missing.length === 0) return
  if (mayUseApt(machine)) {
    if (await aptInstall(missing.map(need => debian[need]))) return
  }
  const command = installCommand(missing, machine)
  say(`Missing to set up the engine: ${missing.map(need => names[need]).join(', ')}.`)
  say(
    command
      ? `Install with: ${machine.isRoot ? '' : 'sudo '}${command}`
      : 'Install with the package manager of your system.',
  )
}
