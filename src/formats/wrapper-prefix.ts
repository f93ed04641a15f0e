/** Names of tensors as wrappers of PyTorch change them. */
import type { StoredTensor } from './checkpoint.ts'
import type { ImportNote } from './dataset.ts'

/** What `DataParallel` and `torch.compile` put before every name, and usual names of a network inside a training class. */
const wrapperPrefixes = ['module.', '_orig_mod.', 'model.', 'net.', 'network.', 'backbone.']

/** Takes away what a wrapper put before every name, and says so. */
export function withoutPrefix(tensors: readonly StoredTensor[], notes: ImportNote[]): readonly StoredTensor[] {
  const prefix = wrapperPrefixes.find(
    start => tensors.length > 0 && tensors.every(({ name }) => name.startsWith(start)),
  )
  if (prefix === undefined) return tensors
  notes.push({ kind: 'matched', text: `The prefix "${prefix}" was taken from all ${tensors.length} names.` })
  const bare = tensors.map(tensor => ({ ...tensor, name: tensor.name.slice(prefix.length) }))
  return withoutPrefix(bare, notes)
}
