import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createDecoded, findDecoded } from '../../../src/formats/samples/decoded-cache.ts'
import { keptSets } from '../../../src/formats/samples/kept-sets.ts'
import { folders } from '../datasets/made.ts'

const { make } = folders()
const limit = 250

/** Keeps 100 bytes that were last used at `usedAt` seconds. */
async function keep(cache: string, name: string, usedAt?: number): Promise<void> {
  const draft = await createDecoded(cache, name, limit)
  await draft.append(new Uint8Array(100))
  await (await draft.commit({ bytes: 100, shape: [10, 10, 1], notes: [] })).close()
  if (usedAt !== undefined) utimesSync(join(cache, 'decoded', name, 'index.json'), usedAt, usedAt)
}
const names = async (cache: string) => (await keptSets(cache)).map(({ fingerprint }) => fingerprint)

it('keeps the sets that were used last, up to the limit, and the newest always', async () => {
  const cache = make({})
  await keep(cache, 'a', 1000)
  await keep(cache, 'b', 2000)
  await (await findDecoded(cache, 'a'))!.samples.close() // used now
  await keep(cache, 'c')
  expect(await names(cache)).toEqual(['a', 'c'])
  expect(existsSync(join(cache, 'decoded', 'b'))).toBe(false)
  const large = await createDecoded(cache, 'large', limit)
  await large.append(new Uint8Array(1000))
  await (await large.commit({ bytes: 1000, shape: [1000], notes: [] })).close()
  expect(await names(cache)).toEqual(['large'])
})

it('keeps a set that is in use by a process that is there, and reads on from it', async () => {
  const cache = make({})
  await keep(cache, 'a')
  const { samples } = (await findDecoded(cache, 'a'))!
  utimesSync(join(cache, 'decoded', 'a', 'index.json'), 1000, 1000)
  await keep(cache, 'b', 2000)
  await keep(cache, 'c', 3000)
  expect(await names(cache)).toEqual(['a', 'c'])
  await samples.read(50, new Uint8Array(50))
  await samples.close()
  expect(readdirSync(join(cache, 'decoded', 'a')).sort()).toEqual(['index.json', 'samples.bin'])
  await keep(cache, 'd')
  expect(await names(cache)).toEqual(['c', 'd'])
})

it('takes no notice of the mark of a process that is gone, and of another machine only for a day', async () => {
  const cache = make({})
  const id = '00000000-0000-4000-8000-000000000000'
  const mark = (name: string, text: string) => {
    const file = join(cache, 'decoded', name, text)
    mkdirSync(join(cache, 'decoded', name), { recursive: true })
    writeFileSync(file, '')
    return file
  }
  await keep(cache, 'dead', 1000)
  mark('dead', `${hostname()}.${2 ** 30}.${id}.open`)
  await keep(cache, 'elsewhere', 2000)
  const other = mark('elsewhere', `another-machine.1.${id}.open`)
  await keep(cache, 'c', 3000)
  expect(await names(cache)).toEqual(['elsewhere', 'c'])
  utimesSync(other, 1000, 1000)
  await keep(cache, 'd')
  expect(await names(cache)).toEqual(['c', 'd'])
})
