/** What a checkpoint is once a reader has opened it, and what a reader is. */
import type { ByteSource } from './byte-source.ts'
import type { ImportNote } from './dataset.ts'

export type StoredType = 'f64' | 'f32' | 'f16' | 'bf16' | 'i64' | 'i32' | 'i16' | 'i8' | 'u8' | 'bool'

export interface StoredTensor {
  readonly name: string
  readonly dims: readonly number[]
  readonly type: StoredType
  /** The values as f32 (f64 and integers rounded, f16 and bf16 widened exactly), row-major. Throws `file.truncated`, `file.corrupt`. */
  read(): Float32Array
}

/** What a reader finds in a file. */
export interface CheckpointContent {
  /** In file order. Names as stored, less a common `module.` prefix (then `notes` says so). */
  readonly tensors: readonly StoredTensor[]
  /** Free-form text metadata (safetensors `__metadata__`, scalar entries of a PyTorch dict such as `epoch`, `best_prec1`). */
  readonly metadata: Readonly<Record<string, string>>
  readonly notes: readonly ImportNote[]
  /** Tensors among the weights of a type that has no place in f32, each as `name (type)`. */
  readonly unread: readonly string[]
}

export interface Checkpoint extends CheckpointContent {
  /** The file it was read from. */
  readonly path: string
  /** Reader id: `pytorch-zip`, `pytorch-legacy`, `safetensors`. */
  readonly format: string
  /** SHA-256 of the file's bytes, hex. */
  readonly fingerprint: string
}

export interface CheckpointReader {
  /** Permanent. */
  readonly id: string
  readonly label: string
  /** Usual file endings, for file dialogs; files are told by their content. */
  readonly extensions: readonly string[]
  /** Whether a file with these first bytes (at most 64) is one of its own. */
  readonly matches: (head: Uint8Array) => boolean
  /** Reads the structure and checks it; tensor values are read when asked for. */
  readonly open: (source: ByteSource) => Promise<CheckpointContent>
}
