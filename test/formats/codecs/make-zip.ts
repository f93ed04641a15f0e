/** Writes small zip files byte by byte, so that tests can make them lie. */
import { crc32, deflateRawSync } from 'node:zlib'

export interface MadeEntry {
  readonly name: string
  readonly data: Uint8Array
  readonly deflate?: boolean
  /** What the headers say instead of the truth. */
  readonly method?: number
  readonly flags?: number
  readonly size?: number
  readonly crc?: number
  /** Writes sizes and offset as zip64 fields. */
  readonly zip64?: boolean
  /** Adds no bytes of its own: points at those of the entry before. */
  readonly overlap?: boolean
}

export function makeZip(entries: readonly MadeEntry[]): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  let start = 0
  for (const entry of entries) {
    const packed = entry.deflate ? deflateRawSync(entry.data) : Buffer.from(entry.data)
    const head = header(entry, packed.length)
    if (!entry.overlap) {
      start = offset
      const local = Buffer.concat([
        Buffer.from('PK\x03\x04'),
        head.fixed,
        head.lengths,
        head.name,
        head.extra(null),
        packed,
      ])
      locals.push(local)
      offset += local.length
    }
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(entry.zip64 ? 0xffffffff : start, 10)
    const extra = head.extra(start)
    head.lengths.writeUInt16LE(extra.length, 2)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x2d\x03'), head.fixed, head.lengths, tail, head.name, extra]))
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, central, end])
}

function header(entry: MadeEntry, packedLength: number) {
  const size = entry.size ?? entry.data.length
  const name = Buffer.from(entry.name)
  const fixed = Buffer.alloc(22)
  fixed.writeUInt16LE(45, 0)
  fixed.writeUInt16LE(entry.flags ?? 0x800, 2)
  fixed.writeUInt16LE(entry.method ?? (entry.deflate ? 8 : 0), 4)
  fixed.writeUInt32LE(entry.crc ?? crc32(entry.data), 10)
  fixed.writeUInt32LE(entry.zip64 ? 0xffffffff : packedLength, 14)
  fixed.writeUInt32LE(entry.zip64 ? 0xffffffff : size, 18)
  const lengths = Buffer.alloc(4)
  lengths.writeUInt16LE(name.length, 0)
  const extra = (offset: number | null): Buffer => {
    if (!entry.zip64) return Buffer.alloc(0)
    const field = Buffer.alloc(offset === null ? 20 : 28)
    field.writeUInt16LE(1, 0)
    field.writeUInt16LE(field.length - 4, 2)
    field.writeBigUInt64LE(BigInt(size), 4)
    field.writeBigUInt64LE(BigInt(packedLength), 12)
    if (offset !== null) field.writeBigUInt64LE(BigInt(offset), 20)
    return field
  }
  lengths.writeUInt16LE(extra(null).length, 2)
  return { fixed, lengths, name, extra }
}
