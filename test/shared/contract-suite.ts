/**
 * The contract as a window relies on it, the same cases over every transport: `connect` joins a client to a studio by
 * the pipe under test.
 */
import { describe, expect, it } from 'vitest'
import type { AllocationAnswer } from '../../src/shared/allocation.ts'
import type { Handlers, StudioEvent } from '../../src/shared/contract.ts'
import type { LayerWeights } from '../../src/shared/domain.ts'
import { EspalierError } from '../../src/shared/errors.ts'
import type { Client } from '../../src/shared/rpc.ts'

export interface ServedStudio {
  readonly handlers: Handlers
  onEvent(listener: (event: StudioEvent) => void): () => void
}

/** Joins a new client to `studio`. `cut` breaks the pipe from the studio's side. */
export type Connect = (studio: ServedStudio) => Promise<{ client: Client; cut: () => void }>

const curve = { stage: 0, metric: 'loss', steps: [1, 2], values: [2.25, 1e-7] }

const normSnapshot = {
  stage: 0,
  step: 4,
  layers: [
    {
      name: 'bn1',
      features: 3,
      disabled: 1,
      gamma: { low: 0, high: 1, counts: [1, 0, 2] },
      beta: { low: 0, high: 0, counts: [3] },
    },
  ],
}
const layerWeights: LayerWeights = {
  ...{ stage: 1, dims: [2, 4], zeros: 3 },
  histogram: { low: -0.1, high: 0.30000001192092896, counts: [1, 0, 4] },
  mask: '7Q==',
}

const allocationAnswer = (locks: Record<string, number>): AllocationAnswer => ({
  layers: [{ name: 'conv1', weights: 8, zeros: 0, macs: 80 }],
  asked: { budget: 'weights', gone: 4, total: 8 },
  file: { most: 233, least: 201 },
  plans: [
    {
      allocation: 'rate-distortion',
      plan: {
        ...{ zeros: 4, sparsity: 0.5, macs: { total: 80, nonzero: 40 }, gone: 4, distortion: locks['conv1'] ?? 0.25 },
        layers: [{ zeros: 4, distortion: 0.25 }],
      },
      error: null,
    },
    { allocation: 'erk', plan: null, error: { code: 'prune.infeasible', message: 'It cannot be.' } },
  ],
})

const federationEvents: StudioEvent[] = [
  {
    ...{ type: 'run.federation', runId: 'r', stage: 1, step: 0 },
    report: {
      kind: 'begins',
      clients: [{ client: 1, samples: 3, classes: [1, 2], speed: 0.5, keep: 0.3 }],
      layers: ['conv1'],
    },
  },
  {
    type: 'run.progress',
    progress: {
      ...{ runId: 'r', stage: 1, step: 'Federate', done: 5, total: 90, unit: 'samples' },
      round: { isTwin: true, round: 1, rounds: 2, client: null, visited: 1, clients: 1, done: 5, total: 8 },
    },
  },
  {
    ...{ type: 'run.federation', runId: 'r', stage: 1, step: 7 },
    report: {
      ...{ kind: 'round', isTwin: true },
      round: {
        ...{ round: 1, top1: null, loss: null, upBytes: 0, downBytes: 9, sparsity: 0, agreement: 1, seconds: 0.25 },
        clients: [
          {
            ...{ client: 1, state: 'dropped', note: 'It was not heard of again.', steps: 0, trainLoss: null },
            ...{ trainTop1: null, top1: null, upBytes: 0, downBytes: 9, sent: [0.25] },
          },
        ],
      },
    },
  },
]

/** A studio that answers as the cases below need, and remembers what it was asked. */
function createScriptedStudio() {
  const listeners = new Set<(event: StudioEvent) => void>()
  const aborted: string[] = []
  const waiting: string[] = []
  const untilAborted = (id: string, signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      waiting.push(id)
      signal.addEventListener('abort', () => {
        aborted.push(id)
        reject(new EspalierError({ code: 'run.stopped', message: 'The call was cancelled.' }))
      })
    })
  const handlers: Partial<Handlers> = {
    'recipe.list': () => ({
      recipes: [{ id: 'r', name: 'Ünï → 剪', version: 1, savedAt: 5, document: { deep: [1, null, 'x'] } }],
    }),
    'recipe.remove': async ({ id }) => {
      if (id === 'slow') await new Promise(resolve => setTimeout(resolve, 50))
      return {}
    },
    'run.remove': ({ id }) => {
      throw new EspalierError({ code: 'not-found', message: `There is no run ${id}.`, file: 'a', rule: 'b', hint: 'c' })
    },
    'allocation.solve': ({ locks = {} }) => allocationAnswer(locks),
    'run.curves': () => ({ curves: [curve] }),
    'run.norms': () => ({ snapshots: [normSnapshot] }),
    'run.layer': ({ layer }) => ({ weights: layer === 'none' ? null : layerWeights }),
    'run.list': () => Promise.reject(new TypeError('x is undefined')),
    'run.get': ({ id }, { signal }) => untilAborted(id, signal),
  }
  return {
    studio: {
      handlers: handlers as Handlers,
      onEvent: (listener: (event: StudioEvent) => void) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    announce: (event: StudioEvent) => {
      for (const listener of listeners) listener(event)
    },
    listeners,
    aborted,
    waiting,
  }
}

const log = (text: string): StudioEvent => ({ type: 'run.log', runId: 'r', at: 1, text })

async function until(is: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !is(); i++) await new Promise(resolve => setTimeout(resolve, 5))
  expect(is()).toBe(true)
}

export function contractSuite(transport: string, connect: Connect): void {
  describe(`the contract over ${transport}`, () => {
    it('a call is answered with its result', async () => {
      const { studio } = createScriptedStudio()
      const { client } = await connect(studio)
      const { recipes } = await client.call('recipe.list', {})
      expect(recipes).toEqual([
        { id: 'r', name: 'Ünï → 剪', version: 1, savedAt: 5, document: { deep: [1, null, 'x'] } },
      ])
    })

    it('the weights of a layer arrive as they are, and so does their absence', async () => {
      const { studio } = createScriptedStudio()
      const { client } = await connect(studio)
      expect(await client.call('run.norms', { id: 'r' })).toEqual({ snapshots: [normSnapshot] })
      expect(await client.call('run.curves', { id: 'r' })).toEqual({ curves: [curve] })
      expect(await client.call('run.layer', { id: 'r', layer: 'conv1' })).toEqual({ weights: layerWeights })
      expect(await client.call('run.layer', { id: 'r', layer: 'none' })).toEqual({ weights: null })
      const question = { run: 'r', stage: 0, allocations: ['rate-distortion' as const], sparsity: 0.5 }
      expect(await client.call('allocation.solve', question)).toEqual(allocationAnswer({}))
      const locks = { conv1: 0.75 }
      expect(await client.call('allocation.solve', { ...question, locks })).toEqual(allocationAnswer(locks))
      await expect(client.call('allocation.solve', { ...question, sparsity: 1 })).rejects.toMatchObject({
        code: 'contract.invalid-params',
      })
    })

    it('calls that are under way at the same time get each their own answer', async () => {
      const { studio } = createScriptedStudio()
      const { client } = await connect(studio)
      const order: string[] = []
      await Promise.all([
        client.call('recipe.remove', { id: 'slow' }).then(() => order.push('slow')),
        client.call('recipe.list', {}).then(() => order.push('quick')),
      ])
      expect(order).toEqual(['quick', 'slow'])
    })

    it('an error arrives with code, sentence, file, rule and hint', async () => {
      const { studio } = createScriptedStudio()
      const { client } = await connect(studio)
      const error = await client.call('run.remove', { id: 'x' }).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(EspalierError)
      expect(error).toMatchObject({ code: 'not-found', message: 'There is no run x.', file: 'a', rule: 'b', hint: 'c' })
    })

    it('a fault of ours arrives as internal, without a stack', async () => {
      const { studio } = createScriptedStudio()
      const { client } = await connect(studio)
      const error = (await client.call('run.list', {}).catch((thrown: unknown) => thrown)) as EspalierError
      expect(error).toMatchObject({ code: 'internal', message: 'x is undefined' })
    })

    it('parameters that the contract does not name are refused before the handler', async () => {
      const { studio, waiting } = createScriptedStudio()
      const { client } = await connect(studio)
      for (const params of [{}, { id: 5 }, { id: 'x', more: 1 }, null]) {
        await expect(client.call('run.get', params as never)).rejects.toMatchObject({ code: 'contract.invalid-params' })
      }
      expect(waiting).toEqual([])
    })

    it.each(['run.destroy', '__proto__', 'constructor', 'toString', ''])('the call "%s" is unknown', async name => {
      const { studio } = createScriptedStudio()
      const { client } = await connect(studio)
      await expect(client.call(name as never, {} as never)).rejects.toMatchObject({ code: 'contract.unknown-call' })
    })

    it('cancelling reaches the handler, and only that call', async () => {
      const { studio, aborted, waiting } = createScriptedStudio()
      const { client } = await connect(studio)
      const controller = new AbortController()
      const cancelled = client.call('run.get', { id: 'one' }, { signal: controller.signal })
      const other = client.call('run.get', { id: 'two' })
      other.catch(() => {})
      await until(() => waiting.length === 2)
      controller.abort()
      await expect(cancelled).rejects.toMatchObject({ code: 'run.stopped' })
      expect(aborted).toEqual(['one'])
      client.close()
      await expect(other).rejects.toMatchObject({ code: 'contract.closed' })
    })

    it('events arrive in order, at every client, until it stops listening', async () => {
      const { studio, announce } = createScriptedStudio()
      const first = await connect(studio)
      const second = await connect(studio)
      const seen: string[][] = [[], []]
      const listen = (client: Client, index: number) =>
        client.onEvent(event => seen[index]!.push(event.type === 'run.log' ? event.text : event.type))
      const stop = listen(first.client, 0)
      listen(second.client, 1)
      // A round trip: the studio knows of both.
      await Promise.all([first.client.call('recipe.list', {}), second.client.call('recipe.list', {})])
      const sent = Array.from({ length: 50 }, (_, i) => String(i))
      for (const text of sent) announce(log(text))
      await Promise.all([first.client.call('recipe.list', {}), second.client.call('recipe.list', {})])
      expect(seen).toEqual([sent, sent])
      stop()
      announce(log('late'))
      await Promise.all([first.client.call('recipe.list', {}), second.client.call('recipe.list', {})])
      expect(seen[0]).toEqual(sent)
      expect(seen[1]!.at(-1)).toBe('late')
    })

    it('the rounds of a federation and how far one is arrive as they are', async () => {
      const { studio, announce } = createScriptedStudio()
      const { client } = await connect(studio)
      const seen: StudioEvent[] = []
      client.onEvent(event => seen.push(event))
      await client.call('recipe.list', {})
      for (const event of federationEvents) announce(event)
      await client.call('recipe.list', {})
      expect(seen).toEqual(federationEvents)
    })

    it('an event that was announced before an answer arrives before it', async () => {
      const { studio, announce } = createScriptedStudio()
      const { client } = await connect({
        ...studio,
        handlers: {
          ...studio.handlers,
          'recipe.remove': () => {
            announce({ type: 'recipe.changed' })
            return {}
          },
        },
      })
      const order: string[] = []
      client.onEvent(() => order.push('event'))
      await client.call('recipe.remove', { id: 'r' }).then(() => order.push('answer'))
      expect(order).toEqual(['event', 'answer'])
    })

    it('a client that goes away cancels what it asked for and gets no more events', async () => {
      const { studio, aborted, waiting, listeners } = createScriptedStudio()
      const { client } = await connect(studio)
      const pending = client.call('run.get', { id: 'one' })
      pending.catch(() => {})
      await until(() => waiting.length === 1)
      client.close()
      await expect(pending).rejects.toMatchObject({ code: 'contract.closed' })
      await until(() => aborted.length === 1 && listeners.size === 0)
    })

    it('a studio that goes away rejects what is pending, and every later call', async () => {
      const { studio, waiting } = createScriptedStudio()
      const { client, cut } = await connect(studio)
      let isClosed = false
      client.onClose(() => {
        isClosed = true
      })
      const pending = client.call('run.get', { id: 'one' })
      pending.catch(() => {})
      await until(() => waiting.length === 1)
      cut()
      await expect(pending).rejects.toMatchObject({ code: 'contract.closed' })
      await expect(client.call('recipe.list', {})).rejects.toMatchObject({ code: 'contract.closed' })
      expect(isClosed).toBe(true)
    })
  })
}
