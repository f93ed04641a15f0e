/** Finds the state dict in what a pickle holds, and says what else was there. */
import { EspalierError } from '../../shared/errors.ts'
import type { CheckpointContent, StoredTensor } from '../checkpoint.ts'
import { isGlobal, type PickleValue, textOf } from '../codecs/pickle-values.ts'
import type { ImportNote } from '../dataset.ts'
import { withoutPrefix } from '../wrapper-prefix.ts'
import { isTorchTensor, isUnreadTensor } from './objects.ts'
import { type StorageBytes, storedTensor } from './tensors.ts'

type Dict = ReadonlyMap<PickleValue, PickleValue>

/** Where training scripts keep the weights, most telling first. */
const stateDictKeys = ['state_dict', 'model_state_dict', 'model_state', 'model', 'net', 'network', 'weights', 'params']

/** Neighbours that hold tensors too, but never the weights. */
const neverWeights = /^(?:optim|sched|lr_sched|scaler|amp|rng|random)/i

const MAX_METADATA = 200
const MAX_TEXT = 1000
const MAX_SKIPPED = 20

/** `root` is the unpickled object. Throws `checkpoint.no-architecture` where it holds no tensors by name. */
export function contentOf(path: string, root: PickleValue, bytesOf: StorageBytes): CheckpointContent {
  const keys = findStateDict(root, new Set())
  if (!keys) throw noTensors(path, root)
  const metadata = new Map<string, string>()
  const notes: ImportNote[] = keys.map(key => ({ kind: 'matched', text: `The weights stand under "${key}".` }))
  const skipped: string[] = []
  const unread: string[] = []
  const tensors: StoredTensor[] = []

  function visit(name: string, value: PickleValue, isWeight: boolean): void {
    const tensor = isTorchTensor(value) ? storedTensor(path, name, value, bytesOf) : undefined
    if (tensor && isWeight) {
      tensors.push(tensor)
      return
    }
    const unreadType = isWeight && !tensor ? typeOf(value) : undefined
    if (unreadType !== undefined) unread.push(`${name} (${unreadType})`)
    // A counter or an accuracy beside the weights may be a tensor without dims.
    const scalars = scalarsOf(name, tensor?.dims.length === 0 ? tensor.read()[0]! : value)
    if (!scalars) skipped.push(`${name}: ${describe(value)}`)
    for (const [key, text] of scalars ?? []) {
      if (metadata.size < MAX_METADATA) metadata.set(key.slice(0, MAX_TEXT), text.slice(0, MAX_TEXT))
    }
  }

  let dict = root as Dict
  for (const chosen of [...keys, undefined]) {
    for (const [key, value] of dict) {
      const name = textOf(key)
      if (key === chosen) continue
      if (name === undefined) skipped.push(`An entry without a name: ${describe(value)}`)
      else visit(name, value, chosen === undefined)
    }
    if (chosen !== undefined) dict = dict.get(chosen) as Dict
  }
  notes.push(...skippedNotes(skipped))
  return { tensors: withoutPrefix(tensors, notes), metadata: Object.fromEntries(metadata), notes, unread }
}

/** The keys that lead from `dict` to the state dict; none where it is one itself. Each dict is looked at once. */
function findStateDict(dict: PickleValue, seen: Set<PickleValue>): string[] | undefined {
  if (!(dict instanceof Map) || seen.has(dict) || seen.size > 1000) return undefined
  seen.add(dict)
  for (const key of stateDictKeys) {
    const below = findStateDict(dict.get(key) ?? null, seen)
    if (below) return [key, ...below]
  }
  if ([...dict.values()].some(isWeight)) return []
  // A name nobody knows, where it is the only one with tensors below.
  const found: string[][] = []
  for (const [key, value] of dict) {
    const name = textOf(key)
    if (name === undefined || neverWeights.test(name)) continue
    const below = findStateDict(value, seen)
    if (below) found.push([name, ...below])
  }
  return found.length === 1 ? found[0] : undefined
}

/** Counters and accuracies may be tensors without dims; they do not make a state dict. */
const isWeight = (value: PickleValue): boolean =>
  isUnreadTensor(value) || (isTorchTensor(value) && value.dims.length > 0)

/** Text, numbers and truth values, also those of a small dict, as `outer.inner`. Undefined where `value` is none of them. */
function scalarsOf(name: string, value: PickleValue): [string, string][] | undefined {
  if (isScalar(value)) return [[name, textOf(value) ?? String(value)]]
  if (!(value instanceof Map) || value.size === 0 || value.size > MAX_METADATA) return undefined
  const entries = [...value].map(([key, inner]) => [textOf(key), inner] as const)
  // All or nothing: a dict with tensors or lists in it is no metadata.
  if (!entries.every(([key, inner]) => key !== undefined && isScalar(inner))) return undefined
  return entries.map(([key, inner]) => [`${name}.${key}`, textOf(inner) ?? String(inner)])
}

const isScalar = (value: PickleValue): boolean =>
  value === null || ['boolean', 'number', 'bigint', 'string'].includes(typeof value) || value instanceof Uint8Array

/** The type of a tensor in the words of PyTorch. Undefined where `value` is none. */
function typeOf(value: PickleValue): string | undefined {
  if (isTorchTensor(value)) return value.storage.typeName
  return isUnreadTensor(value) ? value.sort : undefined
}

function describe(value: PickleValue): string {
  if (isTorchTensor(value) && value.storage.type) return 'a tensor'
  const type = typeOf(value)
  if (type !== undefined) return `a tensor of type ${type}`
  if (value instanceof Map) return `a dict of ${value.size} entries`
  if (Array.isArray(value)) return `a list of ${value.length} entries`
  if (value instanceof Set) return `a set of ${value.size} entries`
  return isGlobal(value) ? value.name : 'not a tensor'
}

function skippedNotes(skipped: readonly string[]): ImportNote[] {
  const shown = skipped.slice(0, MAX_SKIPPED).map((text): ImportNote => ({ kind: 'skipped', text: `${text}.` }))
  const more = skipped.length - shown.length
  return more > 0 ? [...shown, { kind: 'skipped', text: `And ${more} more entries that are no weights.` }] : shown
}

function noTensors(path: string, root: PickleValue): EspalierError {
  const keys = root instanceof Map ? [...root.keys()].slice(0, 5).map(key => `"${textOf(key) ?? '?'}"`) : []
  return new EspalierError({
    code: 'checkpoint.no-architecture',
    message: `${path} holds no state dict, but ${root === null ? 'None' : describe(root)}${keys.length > 0 ? ` (${keys.join(', ')})` : ''}.`,
    file: path,
    rule: 'A checkpoint maps parameter names to tensors; only one such map may be in it.',
    hint: 'Save the weights with torch.save(model.state_dict(), path).',
  })
}
