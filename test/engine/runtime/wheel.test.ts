import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Environment } from '../../../src/engine/runtime/environment.ts'
import type { ProgressEvent } from '../../../src/engine/runtime/progress.ts'
import { wheelCpu } from '../../../src/engine/runtime/providers/wheel-cpu.ts'
import { cudaRequirements, placeCuda, wheelCuda } from '../../../src/engine/runtime/providers/wheel-cuda.ts'
import { listFiles } from '../../../src/engine/runtime/steps.ts'
import { downloadWheel, extractWheel, findPython } from '../../../src/engine/runtime/wheel.ts'
import { placeTensorflow } from '../../../src/engine/runtime/wheel-engine.ts'
import { cannotStart, failed, machine, succeeded, temporaryFolder } from './machine.ts'
import { zip } from './zip.ts'

type Run = Environment['run']
const noReport = () => undefined
const noMatch = failed('ERROR: No matching distribution found for tensorflow-cpu==2.21.*\n')
const value = (args: readonly string[], name: string) => args[args.indexOf(name) + 1] ?? ''

const tensorflowWheel = zip({
  'tensorflow/libtensorflow_cc.so.2': 'cc',
  'tensorflow/libtensorflow_framework.so.2': 'framework',
  'tensorflow/python/big.so': 'not needed',
  'tensorflow/include/tensorflow/c/c_api.h': '// c',
  'tensorflow/include/Eigen/Core': 'not needed',
  'tensorflow-2.21.0.dist-info/METADATA': 'Requires-Dist: nvidia-cudnn-cu12<10.0,>=9.3; extra == "and-cuda"\n',
})
const cudnnWheel = zip({
  'nvidia/cudnn/lib/libcudnn.so.9': 'cudnn',
  'nvidia/cudnn/lib/libcudnn_ops.so.9': 'ops',
  'nvidia/cudnn/include/cudnn.h': 'not needed',
})

/** pip and g++ as far as the providers use them; `calls` records what was compiled or downloaded. */
function tools(calls: string[]): Run {
  return async (program, args) => {
    if (args.includes('--version')) return succeeded('pip 25')
    if (program.endsWith('g++')) {
      writeFileSync(value(args, '-o'), 'addon')
      calls.push(args.filter(arg => arg.startsWith('-l:')).join(' '))
      return succeeded()
    }
    const requirement = args.at(-1) ?? ''
    calls.push(requirement)
    const cuda = requirement.startsWith('nvidia')
    const name = cuda ? 'nvidia_cudnn_cu12-9.3.0-py3-none-any.whl' : 'tensorflow-2.21.0-cp311-cp311-any.whl'
    writeFileSync(join(value(args, '--dest'), name), cuda ? cudnnWheel : tensorflowWheel)
    return succeeded()
  }
}

async function build(provider: typeof wheelCpu, calls: string[]) {
  const environment = machine({ run: tools(calls) })
  const staging = join(environment.home, 'staging')
  mkdirSync(staging)
  return provider.build({ environment, staging, report: noReport })
}

describe('the CPU wheel', () => {
  it('becomes an engine of two libraries and the addon', async () => {
    const calls: string[] = []
    const engine = await build(wheelCpu, calls)
    expect(calls).toEqual(['tensorflow-cpu==2.21.*', '-l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2'])
    expect(await listFiles(engine.folder)).toEqual([
      'lib/libtensorflow_cc.so.2',
      'lib/libtensorflow_framework.so.2',
      'lib/tfjs_binding.node',
    ])
    expect(engine).toMatchObject({ tensorflow: '2.21.0', addon: 'lib/tfjs_binding.node' })
  })

  it('keeps of the wheel the libraries and the headers of the C interface', () => {
    expect(placeTensorflow('tensorflow/libtensorflow_cc.so.2')).toBe('engine/lib/libtensorflow_cc.so.2')
    expect(placeTensorflow('tensorflow/include/tensorflow/c/eager/c_api.h')).toBe('include/tensorflow/c/eager/c_api.h')
    expect(placeTensorflow('tensorflow/include/tensorflow/core/framework/op.h')).toBeUndefined()
    expect(placeTensorflow('elsewhere/libtensorflow_cc.so.2')).toBeUndefined()
  })
})

describe('the CUDA wheels', () => {
  it('are those that the extra and-cuda names, without assembler and profiler', () => {
    const metadata = [
      'Requires-Dist: numpy>=1.26.0',
      'Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"',
      'Requires-Dist: nvidia-cuda-nvcc-cu12<13.0,>=12.5.82; extra == "and-cuda"',
      'Requires-Dist: tensorflow-io-gcs-filesystem>=0.23.1; extra == "gcs-filesystem"',
      'Requires-Dist: nvidia-nccl-cu12 (<3.0,>=2.27.7) ; extra == "and-cuda"',
    ].join('\n')
    expect(cudaRequirements(metadata)).toEqual([
      'nvidia-cublas-cu12<13.0,>=12.5.3.2',
      'nvidia-nccl-cu12 (<3.0,>=2.27.7)',
    ])
  })

  it('give their libraries, but not the ones that would take over calls of other programs', () => {
    expect(placeCuda('nvidia/cublas/lib/libcublasLt.so.12')).toBe('libcublasLt.so.12')
    expect(placeCuda('nvidia/cublas/lib/libnvblas.so.12')).toBeUndefined()
    expect(placeCuda('nvidia/cublas/include/cublas.h')).toBeUndefined()
  })

  it('stand beside TensorFlow, and the addon brings along those that TensorFlow opens by name', async () => {
    const calls: string[] = []
    const engine = await build(wheelCuda, calls)
    expect(calls).toEqual([
      'tensorflow==2.21.*',
      'nvidia-cudnn-cu12<10.0,>=9.3',
      '-l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 -l:libcudnn.so.9',
    ])
    expect(await listFiles(engine.folder)).toContain('lib/libcudnn_ops.so.9')
  })
})

describe('pip', () => {
  it('is asked again for the wheel of another Python when there is none for the one at hand', async () => {
    const seen: string[][] = []
    const run: Run = async (_, args) => {
      seen.push([...args])
      if (args.includes('--version')) return succeeded('pip 25')
      if (!args.includes('--python-version')) return noMatch
      writeFileSync(join(value(args, '--dest'), 'x-2.21.0-cp312.whl'), 'wheel')
      return succeeded()
    }
    const events: ProgressEvent[] = []
    await downloadWheel('tensorflow-cpu==2.21.*', temporaryFolder(), machine({ run }), event => events.push(event))
    expect(seen).toHaveLength(3)
    expect(seen[2]).toEqual(expect.arrayContaining(['--python-version', '3.12', '--platform', 'manylinux2014_x86_64']))
    expect(events[0]).toEqual({ label: 'Downloading tensorflow-cpu==2.21.* with pip' })
    expect(events.at(-1)?.outcome).toBe('1 kB')
  })

  it('is quoted when it fails, and not asked twice for another reason', async () => {
    let downloads = 0
    const run: Run = async (_, args) => {
      if (args.includes('--version')) return succeeded('pip 25')
      downloads++
      return failed('Looking in indexes: somewhere\nERROR: Could not install packages: connection refused\n')
    }
    const attempt = downloadWheel('tensorflow-cpu==2.21.*', temporaryFolder(), machine({ run }), noReport)
    await expect(attempt).rejects.toMatchObject({ code: 'engine.install-failed' })
    await expect(attempt).rejects.toThrow(
      'pip could not download tensorflow-cpu==2.21.*: Could not install packages: connection refused',
    )
    expect(downloads).toBe(1)
  })

  it('is missed by name, and so is Python', async () => {
    const noPip = machine({ run: async () => failed('No module named pip') })
    await expect(findPython(noPip)).rejects.toMatchObject({
      message: '/usr/bin/python3 has no pip.',
      hint: expect.stringContaining('apt-get install python3-pip'),
    })
    await expect(findPython(machine({ which: () => null, run: async () => cannotStart }))).rejects.toThrow(
      'No Python 3 was found.',
    )
  })
})

it('says that there is no compiler before it downloads anything', async () => {
  const calls: string[] = []
  const run = tools(calls)
  const environment = machine({ run, which: program => (program === 'python3' ? '/usr/bin/python3' : null) })
  const staging = join(environment.home, 'staging')
  mkdirSync(staging)
  await expect(wheelCpu.build({ environment, staging, report: noReport })).rejects.toMatchObject({
    message: 'No C++ compiler was found.',
    hint: 'Install g++ (Debian, Ubuntu: apt-get install g++).',
  })
  expect(calls).toEqual([])
})

it('unpacks what is asked for and counts the bytes', async () => {
  const folder = temporaryFolder()
  const wheel = join(folder, 'a.whl')
  writeFileSync(wheel, zip({ 'a/b.txt': 'hello', 'a/c.txt': 'left out', 'd.txt': 'x'.repeat(1000) }))
  const events: ProgressEvent[] = []
  const place = (entry: string) => (entry.endsWith('c.txt') ? undefined : `to/${entry}`)
  await extractWheel(wheel, folder, place, event => events.push(event))
  expect(readFileSync(join(folder, 'to', 'a', 'b.txt'), 'utf8')).toBe('hello')
  expect(await listFiles(join(folder, 'to'))).toEqual(['a/b.txt', 'd.txt'])
  expect(events.at(-2)).toMatchObject({ done: 1005, total: 1005 })
  expect(events.at(-1)?.outcome).toBe('2 files')
})
