import { expect, it } from 'vitest'
import { createClient, type Port, serveClient } from '../../src/shared/rpc.ts'
import { type Connect, contractSuite } from './contract-suite.ts'
import { createMessageChannel, createPipe } from './pipes.ts'

const over =
  (createEnds: () => [Port, Port]): Connect =>
  async studio => {
    const [near, far] = createEnds()
    serveClient(far, studio)
    return { client: createClient(near), cut: () => far.close() }
  }

contractSuite('a pipe in one process', over(createPipe))
contractSuite('a MessagePort', over(createMessageChannel))

it.each([
  ['a text', 'hello'],
  ['nothing', null],
  ['a call without an id', { type: 'call', name: 'run.list', params: {} }],
])('a client that sends %s is not one of ours and is closed', async (_, message) => {
  const [near, far] = createPipe()
  serveClient(far, { handlers: {} as never, onEvent: () => () => {} })
  const closed = new Promise<void>(resolve => near.onClose(resolve))
  near.send(message)
  await expect(closed).resolves.toBeUndefined()
})
