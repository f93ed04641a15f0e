/**
 * The CUDA build of TensorFlow. The wheel `tensorflow` names the NVIDIA libraries it was built for in its extra
 * `and-cuda`; they come from NVIDIA's own wheels and need nothing from the system but the driver.
 */
import { readdir, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { addonFile } from '../addon.ts'
import type { BuildContext, Provider } from '../provider.ts'
import { once } from '../steps.ts'
import { downloadWheel, extractWheel, findWheel, readWheelEntry } from '../wheel.ts'
import { buildFromWheel, tensorflowLibraries, wheelUnsuitable } from '../wheel-engine.ts'

/** Not fetched: the assembler (the driver has one) and the profiler (opened only to write a profile). */
const unneededWheel = /^nvidia-cuda-(nvcc|cupti)/

/** Not unpacked: these replace the BLAS or FFTW calls of other programs, or spread work over several GPUs. */
const unneededLibrary = /^lib(nvblas|cufftw|cusolverMg)\./

/** Opened by cuDNN and NVRTC themselves, from beside them: linking them would only make every start slower. */
const openedOnDemand = /^lib(cudnn_|nvrtc-builtins|nvrtc\.alt)/

export const wheelCuda: Provider = {
  id: 'wheel-cuda',
  label: 'TensorFlow for NVIDIA GPUs, from the Python wheels',
  revision: 1,
  unsuitable: environment =>
    wheelUnsuitable(environment) ?? (environment.hasNvidiaGpu() ? null : 'no NVIDIA GPU with its driver is present'),
  build: context => buildFromWheel('tensorflow', context, (libraries, wheel) => addCuda(libraries, wheel, context)),
}

/** Brings the CUDA libraries into `folder`; returns the names of those that the addon is linked with. */
async function addCuda(folder: string, wheel: string, context: BuildContext): Promise<string[]> {
  const { environment, staging, report } = context
  const metadata = await readWheelEntry(wheel, entry => /^[^/]+\.dist-info\/METADATA$/.test(entry))
  const cuda = await once(staging, 'cuda', async target => {
    for (const requirement of cudaRequirements(metadata)) {
      const name = requirement.split(/[<>=!~ ]/)[0] ?? requirement
      const download = await once(staging, name, to => downloadWheel(requirement, to, environment, report))
      await extractWheel(await findWheel(download), target, placeCuda, report)
    }
  })
  for (const file of await readdir(cuda)) await rename(join(cuda, file), join(folder, file))
  const own = [...tensorflowLibraries, addonFile]
  return (await readdir(folder)).filter(file => !own.includes(file) && !openedOnDemand.test(file))
}

/** The requirements of the extra `and-cuda` in a wheel's metadata, as pip takes them: `nvidia-cudnn-cu12<10.0,>=9.3`. */
export function cudaRequirements(metadata: string): string[] {
  const lines = metadata.split('\n').flatMap(line => /^Requires-Dist: *([^;]+);(.*)$/.exec(line)?.slice(1, 3) ?? [])
  const found: string[] = []
  for (let i = 0; i < lines.length; i += 2) {
    const requirement = lines[i]?.trim()
    if (requirement && lines[i + 1]?.includes('"and-cuda"') && !unneededWheel.test(requirement)) found.push(requirement)
  }
  return found
}

/** Where an entry of one of NVIDIA's wheels goes: all libraries into one folder. */
export function placeCuda(entry: string): string | undefined {
  const file = basename(entry)
  return /^nvidia\/[^/]+\/lib\/lib[^/]+\.so(\.[0-9.]+)?$/.test(entry) && !unneededLibrary.test(file) ? file : undefined
}
