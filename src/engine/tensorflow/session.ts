/**
 * A compiled graph in TensorFlow's graph executor. Arrays go in and come out; no tensor outlives a call, so memory
 * stays constant however many calls there are.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EspalierError } from '../../shared/errors.ts'
import type { Engine } from '../runtime/load.ts'
import type { TypedArray } from '../runtime/tfjs.ts'
import type { GraphWriter, Output } from './graph-writer.ts'

export interface HostTensor {
  readonly shape: readonly number[]
  /** Row-major; its kind is the element type. TensorFlow may read it during the call: it must not change meanwhile. */
  readonly values: TypedArray
}

export interface Feed extends HostTensor {
  readonly to: Output
}

export class Session {
  readonly #engine: Engine
  readonly #id: number
  #isOpen = true

  constructor(engine: Engine, graph: GraphWriter) {
    this.#engine = engine
    const folder = mkdtempSync(join(tmpdir(), 'espalier-graph-'))
    try {
      writeFileSync(join(folder, 'saved_model.pb'), graph.toSavedModel())
      this.#id = attempt('load a graph', () => engine.binding.loadSavedModel(folder, 'serve'))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  /** Runs what is needed for `fetches`, which come back in order. Blocks the thread. Throws `engine.failed`. */
  run(feeds: readonly Feed[], fetches: readonly Output[]): HostTensor[] {
    if (!this.#isOpen) throw new Error('the session is closed')
    if (fetches.length === 0) return []
    const { binding } = this.#engine
    const numbers = { float32: binding.TF_FLOAT, int32: binding.TF_INT32, uint8: binding.TF_UINT8 }
    const ids: number[] = []
    try {
      for (const { to, shape, values } of feeds) {
        if (!(to.type in numbers)) throw new Error(`cannot feed ${to.type}`)
        ids.push(binding.createTensor(shape, numbers[to.type as keyof typeof numbers], values))
      }
      const outputs = attempt('run a graph', () =>
        binding.runSavedModel(this.#id, ids, feeds.map(feed => indexed(feed.to)).join(), fetches.map(indexed).join()),
      )
      ids.push(...outputs.map(output => output.id))
      return outputs.map(({ id, shape }) => ({ shape, values: binding.tensorDataSync(id) }))
    } finally {
      for (const id of ids) binding.deleteTensor(id)
    }
  }

  /** Gives back the session and its variables. */
  dispose(): void {
    if (this.#isOpen) this.#engine.binding.deleteSavedModel(this.#id)
    this.#isOpen = false
  }
}

const indexed = ({ name }: Output) => (name.includes(':') ? name : `${name}:0`)

function attempt<T>(what: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    const isMemory = /\bOOM\b|out of memory|failed to allocate/i.test(text)
    throw new EspalierError(
      {
        code: isMemory ? 'engine.out-of-memory' : 'engine.failed',
        message: `TensorFlow could not ${what}: ${text.split('\n')[0]}`,
        ...(isMemory && { hint: 'Try a smaller batch.' }),
      },
      { cause },
    )
  }
}
