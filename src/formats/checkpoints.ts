/** The checkpoint readers: one file a reader in `checkpoints/`, one line here. Types first, table below. */

export type StoredType = 'f64' | 'f32' | 'f16' | 'bf16' | 'i64' | 'i32' | 'i16' | 'i8' | 'u8' | 'bool'

export interface StoredTensor {
  readonly name: string
  readonly dims: readonly number[]
  readonly type: StoredType
  /** The values as f32 (f64 rounded, f16 and bf16 widened exactly), row-major. Throws `file.truncated`, `checkpoint.unsupported-type`. */
  read(): Float32Array
}

export interface Checkpoint {
  /** Reader id: `pytorch-zip`, `pytorch-legacy`, `safetensors`. */
  readonly format: string
  /** In file order. Names as stored, less a common `module.` prefix (then `notes` says so). */
  readonly tensors: readonly StoredTensor[]
  /** Free-form text metadata (safetensors `__metadata__`, scalar entries of a PyTorch dict such as `epoch`, `best_prec1`). */
  readonly metadata: Readonly<Record<string, string>>
  readonly notes: readonly { readonly kind: 'matched' | 'skipped' | 'guessed'; readonly text: string }[]
  /** SHA-256 of the file's bytes, hex. */
  readonly fingerprint: string
}
