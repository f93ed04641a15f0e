import { describe, expect, it } from 'vitest'
import { noWindowBecause } from '../../scripts/lib/electron.mjs'
import { installCommand, mayUseApt, missingForEngine } from '../../scripts/lib/system.mjs'

const debian = 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n'

function machine(programs: string[], change: Record<string, unknown> = {}) {
  return {
    platform: 'linux',
    arch: 'x64',
    isRoot: false,
    which: (program: string) => (programs.includes(program) ? `/usr/bin/${program}` : null),
    hasPip: () => true,
    osRelease: () => debian,
    ...change,
  }
}

describe('what the engine needs of the system', () => {
  it.each([
    ['everything there', machine(['python3', 'g++']), []],
    ['another compiler', machine(['python3', 'clang++']), []],
    ['a bare machine', machine([]), ['python', 'pip', 'compiler']],
    ['no pip', machine(['python3', 'g++'], { hasPip: () => false }), ['pip']],
    ['macOS, where it is downloaded', machine([], { platform: 'darwin' }), []],
    ['Linux on ARM, where it is downloaded', machine([], { arch: 'arm64' }), []],
  ])('%s', (_, found, missing) => {
    expect(missingForEngine(found)).toEqual(missing)
  })

  it.each([
    ['apt-get', 'apt-get install -y python3-pip g++'],
    ['dnf', 'dnf install -y python3-pip gcc-c++'],
    ['zypper', 'zypper install -y python3-pip gcc-c++'],
    ['pacman', 'pacman -S --noconfirm python-pip gcc'],
  ])('%s is asked with the exact command', (manager, command) => {
    expect(installCommand(['pip', 'compiler'], machine([manager]))).toBe(command)
  })

  it('names no command for a package manager it does not know', () => {
    expect(installCommand(['pip'], machine([]))).toBeNull()
  })

  it.each([
    ['root on Debian', machine(['apt-get'], { isRoot: true }), true],
    [
      'root on Mint',
      machine(['apt-get'], { isRoot: true, osRelease: () => 'ID=linuxmint\nID_LIKE="ubuntu debian"' }),
      true,
    ],
    ['not root', machine(['apt-get']), false],
    ['root on Fedora', machine(['dnf'], { isRoot: true, osRelease: () => 'ID=fedora' }), false],
    ['apt-get of another kind', machine(['apt-get'], { isRoot: true, osRelease: () => 'ID=altlinux' }), false],
  ])('apt-get is run only as root on Debian: %s', (_, found, may) => {
    expect(mayUseApt(found)).toBe(may)
  })
})

describe('where no window can be shown', () => {
  it.each([
    ['linux', {}, false, 'there is no display'],
    ['linux', { DISPLAY: ':0' }, true, 'Electron keeps its sandbox, which does not start as root'],
    ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, false, null],
    ['darwin', {}, false, null],
    ['win32', {}, false, null],
  ])('%s %j root=%s', (platform, env, isRoot, why) => {
    expect(noWindowBecause({ platform, env, isRoot })).toBe(why)
  })
})
