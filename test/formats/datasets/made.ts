/** Builds small files of every format, byte by byte, and keeps them in a folder that the test file removes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { pack } from 'tar-stream'
import { afterAll } from 'vitest'
import type { Dataset, ImportNote, Split } from '../../../src/formats/dataset.ts'
import { buildDataset } from '../../../src/formats/samples/build-dataset.ts'

export type Files = Readonly<Record<string, Uint8Array | string>>

/** A folder of files in a place that is removed after the tests. */
export function folders(): {
  readonly root: string
  make(files: Files): string
  save(name: string, bytes: Uint8Array): string
} {
  const root = mkdtempSync(join(tmpdir(), 'espalier-data-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  let count = 0
  const write = (path: string, content: Uint8Array | string): string => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return path
  }
  return {
    root,
    make(files) {
      const folder = join(root, String(++count))
      mkdirSync(folder)
      for (const [name, content] of Object.entries(files)) write(join(folder, name), content)
      return folder
    },
    save: (name, bytes) => write(join(root, String(++count), name), bytes),
  }
}

/** CIFAR records: label bytes, then byte k of image i is (i + k) % 256. */
export function cifarBatch(labels: readonly (readonly number[])[], first = 0): Uint8Array {
  return Uint8Array.from(
    labels.flatMap((label, i) => [...label, ...Array.from({ length: 3072 }, (_, k) => (first + i + k) % 256)]),
  )
}

/** The pixel (y, x) of such an image as red, green, blue. */
export const cifarPixel = (image: number, y: number, x: number): number[] =>
  [0, 1, 2].map(channel => (image + channel * 1024 + y * 32 + x) % 256)

export function idxFile(type: number, dims: readonly number[], values: readonly number[] | Uint8Array): Uint8Array {
  const head = [
    0,
    0,
    type,
    dims.length,
    ...dims.flatMap(dim => [dim >>> 24, (dim >> 16) & 255, (dim >> 8) & 255, dim & 255]),
  ]
  return Uint8Array.from([...head, ...values])
}

/** A .npy file, version 1. `values` are its bytes. */
export function npyFile(descr: string, dims: readonly number[], values: Uint8Array, isFortran = false): Uint8Array {
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(', ')})`
  const literal = `{'descr': '${descr}', 'fortran_order': ${isFortran ? 'True' : 'False'}, 'shape': ${shape}, }`
  const header = `${literal.padEnd(Math.ceil((literal.length + 11) / 64) * 64 - 11)}\n`
  const length = Buffer.from([header.length & 255, header.length >> 8])
  return new Uint8Array(
    Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(header), values]),
  )
}

export const bytesOf = (values: { readonly buffer: ArrayBufferLike }): Uint8Array =>
  new Uint8Array(values.buffer as ArrayBuffer)

export interface TarEntry {
  readonly name: string
  readonly data?: Uint8Array
  readonly type?: 'file' | 'symlink' | 'link' | 'directory'
  readonly linkname?: string
}

export async function tarFile(entries: readonly TarEntry[]): Promise<Buffer> {
  const archive = pack()
  for (const { name, data = new Uint8Array(), type = 'file', linkname } of entries) {
    archive.entry({ name, type, size: data.length, ...(linkname && { linkname }) }, Buffer.from(data))
  }
  archive.finalize()
  const pieces: Uint8Array[] = []
  for await (const piece of archive as AsyncIterable<Uint8Array>) pieces.push(piece)
  return Buffer.concat(pieces)
}

type Format = 'png' | 'jpeg'

/** An image of one colour (1 value gray, 3 RGB, 4 RGBA). */
export async function image(colour: readonly number[], width = 4, height = 3, format: Format = 'png'): Promise<Buffer> {
  const channels = colour.length as 1 | 3 | 4
  const raw = Buffer.from(Array.from({ length: width * height }, () => colour).flat())
  const made = sharp(raw, { raw: { width, height, channels } })
  if (channels === 1) made.toColourspace('b-w')
  return format === 'png' ? made.png().toBuffer() : made.jpeg({ quality: 100 }).toBuffer()
}

export async function readAll(dataset: Dataset, split: Split): Promise<number[][]> {
  const length = dataset.shape.reduce((product, dim) => product * dim, 1)
  const into = new (dataset.sampleType === 'uint8' ? Uint8Array : Float32Array)(split.count * length)
  await split.read(
    Array.from({ length: split.count }, (_, index) => index),
    into,
  )
  return Array.from({ length: split.count }, (_, index) => [...into.subarray(index * length, (index + 1) * length)])
}

export const texts = (notes: readonly ImportNote[], kind: ImportNote['kind']): string =>
  notes
    .filter(note => note.kind === kind)
    .map(({ text }) => text)
    .join('\n')

/** A data set of training samples that are all of class `a`, from their values. */
export function datasetOf(values: Uint8Array | Float32Array, shape: readonly number[]) {
  const bytes = new Uint8Array(values.buffer)
  const dataset = buildDataset({
    format: 'made',
    path: 'made',
    classes: ['a'],
    sampleType: values instanceof Uint8Array ? 'uint8' : 'float32',
    shape,
    labels: { train: new Int32Array(values.length / shape.reduce((product, dim) => product * dim, 1)) },
    samples: {
      read: async (position: number, into: Uint8Array) => into.set(bytes.subarray(position, position + into.length)),
      close: async () => {},
    },
    notes: [],
    fingerprint: '',
  })
  return { dataset, split: dataset.splits.train! }
}
