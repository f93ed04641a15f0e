import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Checkpoint, openCheckpoint, type StoredTensor } from '../../../src/formats/checkpoints.ts'
import { openZip } from '../../../src/formats/codecs/zip.ts'
import { type MadeEntry, makeZip } from '../codecs/make-zip.ts'
import { fuzz, thrownBy } from '../fuzz.ts'

const fixtures = 'test/fixtures/checkpoints'

interface ExpectedTensor {
  readonly name: string
  readonly dims: readonly number[]
  readonly type: string
  readonly values: readonly (number | string)[]
}

const expected = JSON.parse(readFileSync(`${fixtures}/expected.json`, 'utf8')) as Record<string, ExpectedTensor[]>

/** Infinity and NaN are text in the JSON; -0 is told from 0. */
const numbers = (values: readonly (number | string)[]) =>
  values.map(value => (typeof value === 'number' ? value : Number(value.replace('inf', 'Infinity'))))

const plain = (tensors: readonly StoredTensor[]) =>
  tensors.map(({ name, dims, type, read }) => ({ name, dims, type, values: [...read()] }))

const sorted = (tensors: readonly { name: string; values: readonly (number | string)[] }[]) =>
  tensors.map(tensor => ({ ...tensor, values: numbers(tensor.values) })).toSorted((a, b) => (a.name < b.name ? -1 : 1))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-checkpoints-'))
})
afterAll(() => rm(folder, { recursive: true }))

let count = 0
async function save(bytes: Uint8Array | string, name = `${++count}.th`): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

function readAll(checkpoint: Checkpoint): void {
  for (const tensor of checkpoint.tensors) {
    const values = tensor.read()
    expect(values).toHaveLength(tensor.dims.reduce((product, dim) => product * dim, 1))
  }
}

describe('PyTorch checkpoints', () => {
  for (const [layout, format] of [
    ['zip', 'pytorch-zip'],
    ['legacy', 'pytorch-legacy'],
  ] as const) {
    it(`${format}: every element type`, async () => {
      const path = `${fixtures}/types-${layout}.pt`
      const checkpoint = await openCheckpoint(path)
      expect(checkpoint.format).toBe(format)
      expect(checkpoint.path).toBe(path)
      expect(checkpoint.notes).toEqual([])
      expect(checkpoint.fingerprint).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'))
      expect(checkpoint.tensors.map(({ name }) => name)).toEqual(expected['types']!.map(({ name }) => name))
      expect(sorted(plain(checkpoint.tensors))).toEqual(sorted(expected['types']!))
    })

    it(`${format}: views, strides, shared storages, parameters`, async () => {
      const checkpoint = await openCheckpoint(`${fixtures}/views-${layout}.pt`)
      expect(sorted(plain(checkpoint.tensors))).toEqual(sorted(expected['views']!))
    })

    it(`${format}: a state dict among other things, with a prefix`, async () => {
      const checkpoint = await openCheckpoint(`${fixtures}/wrapped-${layout}.pt`)
      expect(sorted(plain(checkpoint.tensors))).toEqual(sorted(expected['wrapped']!))
      expect(checkpoint.metadata).toEqual({
        ...{ epoch: '3', arch: 'tiny', best_prec1: '91.75', top5: '99.5', done: 'true', parent: 'null' },
        ...{ 'args.lr': '0.1', 'args.depth': '20' },
      })
      expect(checkpoint.notes).toEqual([
        { kind: 'matched', text: 'The weights stand under "state_dict".' },
        { kind: 'skipped', text: 'history: a list of 2 entries.' },
        { kind: 'skipped', text: 'optimizer: a dict of 2 entries.' },
        { kind: 'matched', text: 'The prefix "module." was taken from all 9 names.' },
      ])
    })

    it(`${format}: the state of a scheduler and a log beside the weights`, async () => {
      const checkpoint = await openCheckpoint(`${fixtures}/scheduled-${layout}.pt`)
      expect(sorted(plain(checkpoint.tensors))).toEqual(sorted(expected['scheduled']!))
      expect(checkpoint.notes.map(({ text }) => text)).toEqual([
        'The weights stand under "state_dict".',
        expect.stringMatching(/^scheduler: a dict of \d+ entries\.$/),
        'history: a dict of 1 entries.',
      ])
    })

    it(`${format}: tensors that cannot be read are named, and the others read`, async () => {
      const checkpoint = await openCheckpoint(`${fixtures}/sorts-${layout}.pt`)
      expect(plain(checkpoint.tensors)).toEqual([{ name: 'weight', dims: [2], type: 'f32', values: [1, 2] }])
      expect(checkpoint.notes.map(({ text }) => text)).toEqual([
        'complex: a tensor of type ComplexFloat.',
        'float8: a tensor of type float8_e4m3fn.',
        'uint16: a tensor of type uint16.',
        'sparse: a tensor of type sparse.',
        'quantized: a tensor of type quantized.',
        'meta: a tensor of type meta.',
      ])
      expect(checkpoint.unread).toEqual([
        ...['complex (ComplexFloat)', 'float8 (float8_e4m3fn)', 'uint16 (uint16)'],
        ...['sparse (sparse)', 'quantized (quantized)', 'meta (meta)'],
      ])
    })

    it(`${format}: a whole model and a payload are refused by name`, async () => {
      for (const [name, named] of [
        ['model', '__main__.Net'],
        ['evil', 'posix.system'],
      ] as const) {
        const path = `${fixtures}/${name}-${layout}.pt`
        const error = await thrownBy(() => openCheckpoint(path))
        expect(error.code).toBe('pickle.forbidden')
        expect(error.message).toContain(`${path} is refused: it names ${named} at byte`)
        expect(error.hint).toContain('model.state_dict()')
        expect(error.file).toBe(path)
      }
      expect(existsSync('/tmp/espalier-was-here')).toBe(false)
    })
  }

  it.each([0, 1, 2, 3, 4, 5])(
    'a bare pickle of protocol %i that would run something is refused by name',
    async protocol => {
      const error = await thrownBy(() => openCheckpoint(`${fixtures}/evil-${protocol}.pkl`))
      expect(error.code).toBe('pickle.forbidden')
    },
  )

  it('other pickles are no checkpoints', async () => {
    const dict = await thrownBy(async () => openCheckpoint(await save(Buffer.from('\x80\x02}.', 'latin1'))))
    expect(dict.code).toBe('file.unknown-format')
    expect(dict.message).toContain('not written by torch.save')
  })
})

/** The entries of a zip fixture, to be changed and packed again. */
async function entriesOf(path: string): Promise<MadeEntry[]> {
  const zip = await openZip(path)
  const entries: MadeEntry[] = []
  for (const entry of zip.entries) entries.push({ name: entry.name, data: await zip.read(entry) })
  await zip.close()
  return entries
}

describe('PyTorch zip layout', () => {
  const change = async (name: string, edit: (entry: MadeEntry) => MadeEntry | undefined) =>
    save(makeZip((await entriesOf(`${fixtures}/${name}`)).flatMap(entry => edit(entry) ?? [])))

  it('is read when it was packed again with compression', async () => {
    const checkpoint = await openCheckpoint(await change('views-zip.pt', entry => ({ ...entry, deflate: true })))
    expect(sorted(plain(checkpoint.tensors))).toEqual(sorted(expected['views']!))
  })

  it('is read when it was written on a big-endian machine', async () => {
    const sizes = [8, 4, 2, 2, 8, 4, 2, 1, 1, 1, 8, 4] // the types of the fixture, in order
    const path = await change('types-zip.pt', entry => {
      if (entry.name.endsWith('byteorder')) return { ...entry, data: Buffer.from('big') }
      const key = /\/data\/(\d+)$/.exec(entry.name)?.[1]
      if (key === undefined) return entry
      const size = sizes[Number(key)]!
      const data = Uint8Array.from(entry.data, (_, i) => entry.data[i - (i % size) + size - 1 - (i % size)]!)
      return { ...entry, data }
    })
    expect(sorted(plain((await openCheckpoint(path)).tensors))).toEqual(sorted(expected['types']!))
  })

  it('must hold every storage, in its size, with its checksum', async () => {
    const missing = await change('types-zip.pt', entry => (entry.name.endsWith('data/1') ? undefined : entry))
    expect((await thrownBy(() => openCheckpoint(missing))).message).toContain(
      'data/1", the values of a tensor, is missing',
    )
    const short = await change('types-zip.pt', entry =>
      entry.name.endsWith('data/1') ? { ...entry, data: entry.data.subarray(4) } : entry,
    )
    expect((await thrownBy(() => openCheckpoint(short))).message).toContain(
      'holds 92 bytes, not 24 elements of 4 bytes',
    )
    const wrong = await change('types-zip.pt', entry => (entry.name.endsWith('data/1') ? { ...entry, crc: 7 } : entry))
    const checkpoint = await openCheckpoint(wrong)
    expect(await thrownBy(() => readAll(checkpoint))).toMatchObject({ code: 'file.corrupt' })
    const unchecked = await change('types-zip.pt', entry => ({ ...entry, crc: 0 }))
    readAll(await openCheckpoint(unchecked))
  })

  it('is not any zip archive', async () => {
    const images = await thrownBy(async () =>
      openCheckpoint(await save(makeZip([{ name: 'a.png', data: Buffer.of(1) }]))),
    )
    expect(images).toMatchObject({ code: 'file.unknown-format' })
    expect(images.message).toContain('not a PyTorch checkpoint')
    const evil = makeZip([{ name: '../data.pkl', data: Buffer.of(1) }])
    expect(await thrownBy(async () => openCheckpoint(await save(evil)))).toMatchObject({ code: 'archive.unsafe-path' })
    const bomb = makeZip([{ name: 'a/data.pkl', data: new Uint8Array(70 * 2 ** 20), deflate: true }])
    expect(await thrownBy(async () => openCheckpoint(await save(bomb)))).toMatchObject({ code: 'archive.bomb' })
  })
})

describe('what a tensor may say of itself', () => {
  /** A checkpoint of one tensor over a storage of four floats, in the old layout. */
  const legacy = (
    tensor: string,
    storage = '\x04\0\0\0\0\0\0\0\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40',
    view = 'N',
  ) =>
    Buffer.from(
      `\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.` +
        `\x80\x02}U\x01wctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x03keyU\x03cpuK\x04${view}tQ` +
        `${tensor}\x89}tRs.\x80\x02]U\x03keya.${storage}`,
      'latin1',
    )
  const values = async (bytes: Uint8Array) => [...(await openCheckpoint(await save(bytes))).tensors[0]!.read()]

  it('reads inside its storage', async () => {
    expect(await values(legacy('K\x00K\x02K\x02\x86K\x02K\x01\x86'))).toEqual([1, 2, 3, 4])
    expect(await values(legacy('K\x01K\x03\x85K\x01\x85'))).toEqual([2, 3, 4])
    expect(await values(legacy('K\x03K\x01\x85K\x09\x85'))).toEqual([4])
  })

  it('reads a view of a storage, as old files have it', async () => {
    expect(await values(legacy('K\x01K\x02\x85K\x01\x85', undefined, '(U\x04viewK\x01K\x03t'))).toEqual([3, 4])
    const error = await thrownBy(() => values(legacy('K\x00K\x01\x85K\x01\x85', undefined, '(U\x04viewK\x02K\x03t')))
    expect(error).toMatchObject({ code: 'pickle.invalid' })
  })

  it.each([
    ['past the end', 'K\x01K\x04\x85K\x01\x85'],
    ['by strides', 'K\x00K\x02K\x02\x86K\x03K\x01\x86'],
    ['with a negative stride', 'K\x03K\x04\x85J\xff\xff\xff\xff\x85'],
    ['with a negative size', 'K\x00J\xff\xff\xff\xff\x85K\x01\x85'],
    ['with fewer strides than dims', 'K\x00K\x02K\x02\x86K\x01\x85'],
    ['with a size that is no number', 'K\x00U\x012\x85K\x01\x85'],
  ])('is refused when it reaches out %s', async (_, tensor) => {
    expect(await thrownBy(() => values(legacy(tensor)))).toMatchObject({ code: 'pickle.invalid' })
  })

  it('is refused when stride 0 makes it huge', async () => {
    const huge = legacy('K\x00J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86K\x00K\x00\x86')
    expect(await thrownBy(() => values(huge))).toMatchObject({ code: 'file.corrupt' })
  })

  it('is refused when the storage behind it is short, or of another size', async () => {
    const good = 'K\x00K\x04\x85K\x01\x85'
    expect((await thrownBy(() => values(legacy(good, '\x04\0\0\0\0\0\0\0\0\0\x80\x3f')))).message).toContain(
      'cut short: storage "key" should end at byte',
    )
    expect(await thrownBy(() => values(legacy(good, '\x04\0')))).toMatchObject({ code: 'file.truncated' })
    const other = legacy(good, `\x05\0\0\0\0\0\0\0${'\0'.repeat(20)}`)
    expect((await thrownBy(() => values(other))).message).toContain('5 elements where its tensors say 4')
  })
})

describe('files that are no checkpoints', () => {
  it.each([
    ['an empty file', '', 'it is empty'],
    ['a text', 'epoch 3, loss 0.2\n', 'starts like text ("epoch 3, loss 0.2\\n")'],
    ['a page of a login form', '<!DOCTYPE html><html>', 'starts like text'],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:1\n', 'only a Git LFS pointer'],
    ['an HDF5 file', '\x89HDF\r\n\x1a\n\0', 'starts like an HDF5 file (89 48 44 46'],
    ['anything else', '\x01\x02\x03', 'starts with the bytes 01 02 03'],
  ])('%s', async (_, content, words) => {
    const path = await save(Buffer.from(content, 'latin1'), 'model.th')
    const error = await thrownBy(() => openCheckpoint(path))
    expect(error.code).toBe('file.unknown-format')
    expect(error.message).toContain(`${path} is not a PyTorch or safetensors checkpoint: it`)
    expect(error.message).toContain(words)
  })

  it('a folder, a file that is not there', async () => {
    expect(await thrownBy(() => openCheckpoint(folder))).toMatchObject({ code: 'file.unreadable' })
    expect(await thrownBy(() => openCheckpoint(join(folder, 'absent.th')))).toMatchObject({ code: 'file.missing' })
  })

  it.skipIf(process.platform === 'win32')('a named pipe, which nobody may ever write to', async () => {
    const pipe = join(folder, 'pipe.th')
    execFileSync('mkfifo', [pipe])
    const error = await thrownBy(() => openCheckpoint(pipe))
    expect(error).toMatchObject({ code: 'file.unreadable', message: `${pipe} cannot be read: it is not a file.` })
  })

  it.skipIf(process.getuid?.() === 0)('a file that may not be read', async () => {
    const path = await save('x')
    await chmod(path, 0)
    expect(await thrownBy(() => openCheckpoint(path))).toMatchObject({ code: 'file.unreadable' })
  })

  it('a file that changes after it was opened', async () => {
    const bytes = readFileSync(`${fixtures}/types.safetensors`)
    const longer = await save(bytes)
    const opened = await openCheckpoint(longer)
    await truncate(longer, bytes.length - 8)
    expect(await thrownBy(() => readAll(opened))).toMatchObject({ code: 'file.corrupt' })
    const touched = await openCheckpoint(await save(bytes, 'touched.th'))
    await utimes(join(folder, 'touched.th'), 1, 1)
    expect(await thrownBy(() => readAll(touched))).toMatchObject({ code: 'file.corrupt' })
  })
})

describe('damaged checkpoints', () => {
  const names = [
    'types-zip.pt',
    'types-legacy.pt',
    'wrapped-zip.pt',
    'wrapped-legacy.pt',
    'types.safetensors',
    'sorts-zip.pt',
  ]
  it.each(names)('%s, cut or changed, reads or says why not', async name => {
    const bytes = readFileSync(`${fixtures}/${name}`)
    const codes = await fuzz(bytes, 300, async mutant => readAll(await openCheckpoint(await save(mutant, 'fuzz.th'))))
    const allowed = new Set([
      ...['read', 'file.truncated', 'file.corrupt', 'file.unknown-format', 'file.unreadable'],
      ...['pickle.invalid', 'pickle.forbidden', 'checkpoint.no-architecture', 'checkpoint.unsupported-type'],
      ...['archive.unsafe-path', 'archive.bomb'],
    ])
    expect([...codes.keys()].filter(code => !allowed.has(code))).toEqual([])
    expect(codes.get('file.truncated')).toBeGreaterThan(80)
  })

  it.each(['types-legacy.pt', 'types.safetensors'])('%s cut anywhere says that it is cut short', async name => {
    const bytes = readFileSync(`${fixtures}/${name}`)
    for (let length = 16; length < bytes.length; length += 7) {
      const error = await thrownBy(async () => openCheckpoint(await save(bytes.subarray(0, length), 'cut.th')))
      expect([length, error.code]).toEqual([length, 'file.truncated'])
      expect(error.message).toContain('cut.th')
    }
  })
})

const real = '../shared/data/checkpoints'
it.skipIf(!existsSync(real))(`real checkpoints of ${real}`, async () => {
  for (const [file, tensors, first, last, sum, best] of [
    // as torch 2.13 reads them: conv1.weight[0], linear.bias[-1], the sum of all magnitudes in f64
    ['resnet20-12fca82f.th', 97, -0.13818146288394928, -0.27025941014289856, 21349.562590950623, '91.78000183105469'],
    ['resnet32-d509ac18.th', 157, 0.40355396270751953, -0.08627279847860336, 28995.84711527823, '92.78000144958496'],
  ] as const) {
    const checkpoint = await openCheckpoint(`${real}/${file}`)
    expect(checkpoint.format).toBe('pytorch-legacy')
    expect(checkpoint.fingerprint.slice(0, 8)).toBe(file.slice(9, 17))
    expect(checkpoint.tensors).toHaveLength(tensors)
    expect(checkpoint.metadata).toEqual({ best_prec1: best })
    const byName = new Map(checkpoint.tensors.map(tensor => [tensor.name, tensor.read()]))
    expect(byName.get('conv1.weight')![0]).toBe(first)
    expect(byName.get('linear.bias')!.at(-1)).toBe(last)
    const magnitudes = [...byName.values()].flatMap(values => [...values].map(Math.abs))
    expect(magnitudes.reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 6)
  }
})
