/**
 * The only place that loads tfjs-node-gpu. It finds the engine in the user's cache and points the package at it:
 * nothing is written into node_modules.
 *
 * A TensorFlow call blocks its thread, so only processes that run one run (and the doctor's probe) come here.
 */
import { createRequire, Module } from 'node:module'
import { cpus } from 'node:os'
import { join } from 'node:path'
import util from 'node:util'
import { EspalierError } from '../../shared/errors.ts'
import { currentEnvironment, type Environment } from './environment.ts'
import { findEngine } from './find.ts'
import type { Protos } from './protos.ts'
import { providers } from './providers.ts'
import type { Backend, Binding, Tensor, Tfjs } from './tfjs.ts'
import { setEngineThreads } from './threads.ts'

export interface Engine {
  readonly tf: Tfjs
  readonly backend: Backend
  readonly binding: Binding
  readonly protos: Protos
  /** Version of libtensorflow, as it reports itself: `2.21.0`. */
  readonly tensorflowVersion: string
  readonly device: 'cpu' | 'gpu'
  /** Name of the processor or of the GPU. */
  readonly deviceName: string
  /** The provider that built it, as in the cache folder's name. */
  readonly provider: string
  /** The engine's folder in the cache. */
  readonly folder: string
  /**
   * A uint8 tensor, which tfjs itself does not know: made to be fed to a graph (`Placeholder` of uint8), it cannot be
   * read back. Dispose it like any other; the array must not change before that, the tensor shares its memory.
   */
  uint8(values: Uint8Array, shape: readonly number[]): Tensor
}

// Not named `require`: the bundler of the desktop declares that name itself.
const packageRequire = createRequire(import.meta.url)
const packageName = '@tensorflow/tfjs-node-gpu'

let loading: Promise<Engine> | undefined

/**
 * Loads TensorFlow into this process; later calls get the same engine. Throws `engine.missing` where no engine is in
 * the cache (it is not built from here) and `engine.failed` where one is but cannot be loaded.
 */
export function loadEngine(): Promise<Engine> {
  loading ??= load(currentEnvironment())
  return loading
}

/** The protobuf classes that a graph is written with. Needs no TensorFlow. */
export function loadProtos(): Protos {
  return packageRequire(`${packageName}/dist/proto/api_pb.js`) as Protos
}

async function load(environment: Environment): Promise<Engine> {
  const { found, attempts } = await findEngine(providers, environment)
  if (found === null) {
    const damaged = attempts.find(attempt => attempt.outcome === 'damaged')
    throw new EspalierError({
      code: 'engine.missing',
      message: damaged ? `The engine in the cache is damaged: ${damaged.detail}.` : 'TensorFlow is not set up yet.',
      rule: 'Training and evaluation need the TensorFlow engine in the cache.',
      hint: 'Run "npm start", which sets it up, or "npm run espalier -- doctor" to see what is in its way.',
    })
  }
  const tf = loadPackage(join(found.folder, found.manifest.addon))
  const backend = tf.backend()
  const { binding } = backend
  const gpu = binding.isUsingGpuDevice()
  return {
    tf,
    backend,
    binding,
    protos: loadProtos(),
    tensorflowVersion: binding.TF_Version,
    device: gpu ? 'gpu' : 'cpu',
    deviceName: gpu ? await gpuName(environment) : (cpus()[0]?.model.trim() ?? environment.arch),
    provider: found.provider.id,
    folder: found.folder,
    uint8(values, shape) {
      const id = binding.createTensor(shape, binding.TF_UINT8, values)
      return backend.createOutputTensor({ id, shape: [...shape], dtype: binding.TF_UINT8 })
    },
  }
}

/** Loads the package with `addon` in place of the one it would look for in its own folder. */
function loadPackage(addon: string): Tfjs {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'
  // Otherwise TensorFlow takes all memory of the GPU at once and a second process finds none.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true'
  setEngineThreads()
  // tfjs-node 4.22 calls these; Node 23 removed the first, and the second is deprecated.
  const legacy = util as { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean }
  legacy.isNullOrUndefined ??= value => value === null || value === undefined
  legacy.isArray ??= Array.isArray

  // The package asks node-pre-gyp where its addon is, and uses nothing else of it: answer in its place.
  const finder = createRequire(packageRequire.resolve(`${packageName}/package.json`)).resolve('@mapbox/node-pre-gyp')
  const answer = new Module(finder)
  answer.filename = finder
  answer.loaded = true
  answer.exports = { find: () => addon }
  packageRequire.cache[finder] = answer
  try {
    return packageRequire(packageName) as Tfjs
  } catch (error) {
    throw new EspalierError(
      {
        code: 'engine.failed',
        message: `TensorFlow could not be loaded: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
        file: addon,
        hint: 'Run "npm run espalier -- doctor" to see what is wrong.',
      },
      { cause: error },
    )
  } finally {
    delete packageRequire.cache[finder]
  }
}

/** tfjs-node uses the last GPU that TensorFlow lists. */
async function gpuName(environment: Environment): Promise<string> {
  const result = await environment.run('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'])
  return (result.status === 0 && result.stdout.trim().split('\n').at(-1)?.trim()) || 'NVIDIA GPU'
}
