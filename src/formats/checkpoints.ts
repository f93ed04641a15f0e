/** The checkpoint readers: one file a reader in `checkpoints/`, one line here. */
import { fileSource } from './byte-source.ts'
import type { Checkpoint, CheckpointReader } from './checkpoint.ts'
import { pytorchLegacy } from './checkpoints/pytorch-legacy.ts'
import { pytorchZip } from './checkpoints/pytorch-zip.ts'
import { safetensors } from './checkpoints/safetensors.ts'
import { unknownFormat } from './file-faults.ts'

export type { Checkpoint, CheckpointReader, StoredTensor, StoredType } from './checkpoint.ts'

export const checkpointReaders: readonly CheckpointReader[] = [pytorchZip, pytorchLegacy, safetensors]

/** As many first bytes as a reader may look at. */
const HEAD = 64

/**
 * Opens a checkpoint by its content, whatever its name. Tensor values are read later, from the same path.
 * Throws `file.missing`, `file.unreadable`, `file.unknown-format`, `file.truncated`, `file.corrupt`, `pickle.forbidden`,
 * `pickle.invalid` and `checkpoint.no-architecture` (a file without tensors), each naming the file.
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  const source = fileSource(path)
  const head = source.read(0, Math.min(HEAD, source.size), 'the first bytes')
  const reader = checkpointReaders.find(({ matches }) => matches(head))
  if (!reader) throw unknownFormat(path, head, 'a PyTorch or safetensors checkpoint')
  const content = await reader.open(source)
  return { path, format: reader.id, ...content, fingerprint: await source.hash() }
}
