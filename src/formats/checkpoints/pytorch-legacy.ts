/**
 * torch.save before PyTorch 1.6: five pickles in a row (magic number, protocol version, system, the object, the storage
 * keys), then the storages in the order of the keys, each an int64 count and its elements, little-endian.
 * A bare pickle comes here too, so that what it names can be refused by name.
 */
import { EspalierError } from '../../shared/errors.ts'
import type { ByteSource } from '../byte-source.ts'
import type { CheckpointReader } from '../checkpoint.ts'
import { readPickle } from '../codecs/pickle.ts'
import type { PickleOptions } from '../codecs/pickle-machine.ts'
import { type PickleValue, textOf } from '../codecs/pickle-values.ts'
import { cutShort, damaged, endsBefore } from '../file-faults.ts'
import { saveWeightsHint, type TorchStorage, torchGlobals } from '../pytorch/objects.ts'
import { contentOf } from '../pytorch/state-dict.ts'
import { createStorageTable } from '../pytorch/storages.ts'
import type { StorageBytes } from '../pytorch/tensors.ts'

const MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn
const PROTOCOL_VERSION = 1001

const COUNT_BYTES = 8

/** Protocol 2 and later start with 0x80; protocols 0 and 1 with an int, a container that is kept, or a global. */
const oldPickle = /^(?:[LI]\d+L?\n|\([dlt]p\d+\n|[}\])]q|\(?c[\w.]+\n\w+\n)/

export const pytorchLegacy: CheckpointReader = {
  id: 'pytorch-legacy',
  label: 'PyTorch, before 1.6',
  extensions: ['pt', 'pth', 'th', 'ckpt', 'pkl'],
  matches: head => head[0] === 0x80 || oldPickle.test(String.fromCharCode(...head)),
  async open(source) {
    const table = createStorageTable()
    const options: PickleOptions = { globals: torchGlobals, persistent: table.resolve, hint: saveWeightsHint }
    const magic = readPickle(source, 0, options)
    if (magic.value !== MAGIC_NUMBER) throw notTorch(source.path)
    const version = readPickle(source, magic.end, options)
    if (version.value !== PROTOCOL_VERSION) throw wrongVersion(source.path, version.value)
    const system = readPickle(source, version.end, options)
    const object = readPickle(source, system.end, options)
    const keys = readPickle(source, object.end, options)
    const bytesOf = locateStorages(source, keys.end, keysOf(source.path, keys.value), table.storages)
    return contentOf(source.path, object.value, bytesOf)
  },
}

function keysOf(path: string, value: PickleValue): string[] {
  const keys = Array.isArray(value) ? value.map(key => textOf(key)) : [undefined]
  if (keys.every(key => key !== undefined)) return keys
  throw damaged(path, 'the list of its storages is not a list of names')
}

/** Walks over the storages, checking each against what the object says, and says how to read them. */
function locateStorages(
  source: ByteSource,
  start: number,
  keys: readonly string[],
  storages: ReadonlyMap<string, TorchStorage>,
): StorageBytes {
  const starts = new Map<string, number>()
  let position = start
  for (const key of keys) {
    const storage = storages.get(key)
    if (!storage) throw damaged(source.path, `storage "${key}" belongs to no tensor`)
    const head = source.read(position, COUNT_BYTES, `the element count of storage "${key}"`)
    const count = Number(new DataView(head.buffer, head.byteOffset).getBigInt64(0, true))
    if (count !== storage.count) {
      throw damaged(source.path, `storage "${key}" has ${count} elements where its tensors say ${storage.count}`)
    }
    starts.set(key, position + COUNT_BYTES)
    position += COUNT_BYTES + count * storage.elementSize
    if (position > source.size) throw cutShort(source.path, endsBefore(`storage "${key}"`, position, source.size))
  }
  for (const key of storages.keys()) {
    if (!starts.has(key)) throw damaged(source.path, `storage "${key}", the values of a tensor, is missing`)
  }
  return (key, offset, length) => source.read(starts.get(key)! + offset, length, `storage "${key}"`)
}

function notTorch(path: string): EspalierError {
  return new EspalierError({
    code: 'file.unknown-format',
    message: `${path} is a Python pickle, but was not written by torch.save.`,
    file: path,
    hint: 'Save the weights with torch.save(model.state_dict(), path).',
  })
}

function wrongVersion(path: string, version: PickleValue): EspalierError {
  return new EspalierError({
    code: 'file.unknown-format',
    message: `${path} says that it follows version ${String(version)} of the torch.save layout.`,
    file: path,
    rule: `The version of the old layout is ${PROTOCOL_VERSION}.`,
  })
}
