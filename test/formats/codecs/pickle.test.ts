import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ByteSource, memorySource } from '../../../src/formats/byte-source.ts'
import { readPickle } from '../../../src/formats/codecs/pickle.ts'
import { NumpyArray, numpyGlobals } from '../../../src/formats/codecs/pickle-numpy.ts'
import { type PickleGlobals, type PickleValue, pickleGlobal } from '../../../src/formats/codecs/pickle-values.ts'
import { fuzz, thrownBy } from '../fuzz.ts'

const fixture = (name: string) => new Uint8Array(readFileSync(`test/fixtures/checkpoints/${name}`))
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))
const read = (bytes: Uint8Array | string, globals: PickleGlobals = new Map()): PickleValue =>
  readPickle(memorySource(typeof bytes === 'string' ? latin1(bytes) : bytes, 'x.pkl'), 0, { globals }).value

const protocols = [0, 1, 2, 3, 4, 5]

/** What Python 3 needs for sets and bytes in old protocols. */
const dataGlobals: PickleGlobals = new Map([
  ...numpyGlobals,
  ...['builtins', '__builtin__'].flatMap(module => [
    pickleGlobal(`${module}.set`, ([items]) => new Set(items as PickleValue[])),
    pickleGlobal(`${module}.frozenset`, ([items]) => new Set(items as PickleValue[])),
    pickleGlobal(`${module}.bytes`, () => new Uint8Array(0)),
    pickleGlobal(`${module}.bytearray`, ([bytes]) => (bytes instanceof Uint8Array ? bytes : latin1(String(bytes)))),
  ]),
])

describe('pickle, data', () => {
  it.each(protocols)('reads what Python wrote in protocol %i', protocol => {
    const root = read(fixture(`data-${protocol}.pkl`), dataGlobals) as Map<PickleValue, PickleValue>
    expect(root.get('numbers')).toEqual([
      ...[0, 1, -1, 255, 256, 65536, -(2 ** 31), 2 ** 40, -(2 ** 40)],
      ...[2n ** 53n + 1n, 10n ** 30n, -(10n ** 30n), 0.5, -1e300, Infinity],
    ])
    expect(root.get('words')).toEqual([true, false, null, '', 'größe €', 'line\nfeed\\u0041', 'x'.repeat(300)])
    expect(root.get('bytes')).toEqual([latin1(''), latin1('\0\xff'), latin1('y'.repeat(300)), latin1('\x01\x02')])
    expect(root.get('nested')).toEqual([[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4], [[], [new Map()]]])
    const [first, second] = root.get('shared') as PickleValue[]
    expect(first).toEqual([1, 2])
    expect(second).toBe(first)
    expect(root.get('sets')).toEqual([new Set([7]), new Set([8])])
    expect([...root].at(-1)).toEqual([[1, 2], 'tuple key'])
  })

  it.each(protocols)('reads NumPy arrays and numbers of protocol %i', protocol => {
    const root = read(fixture(`numpy-${protocol}.pkl`), numpyGlobals) as Map<string, PickleValue>
    const array = (name: string) => root.get(name) as NumpyArray
    expect(array('u1')).toBeInstanceOf(NumpyArray)
    expect(array('u1')).toMatchObject({ dims: [2, 3], isFortran: false, dtype: { code: 'u1' } })
    expect([...array('u1').bytes]).toEqual([0, 1, 2, 3, 4, 5])
    expect(array('f4')).toMatchObject({ dims: [2], dtype: { code: 'f4', byteOrder: '<' } })
    expect(array('f4').bytes).toEqual(new Uint8Array(new Float32Array([1.5, -2.5]).buffer))
    expect(array('big')).toMatchObject({ dims: [3], dtype: { code: 'i4', byteOrder: '>' } })
    expect([...array('big').bytes]).toEqual([0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3])
    expect(array('fortran')).toMatchObject({ dims: [2, 3], isFortran: true, dtype: { code: 'i2' } })
    expect([...array('fortran').bytes.filter((_, i) => i % 2 === 0)]).toEqual([0, 3, 1, 4, 2, 5])
    expect(root.get('scalars')).toEqual([0.25, 0.5, -3, 7, true])
  })

  it('reads what Python 2 wrote: str is bytes, keys are text', () => {
    // {'data': numpy.array([[1, 200]], 'u1'), 'labels': [6], u'name': 'caf\xe9'} as CIFAR batches have it
    const value = read(
      `${'\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nK\x00\x85U\x01b\x87R'}` +
        `(K\x01K\x01K\x02\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb` +
        `\x89U\x02\x01\xc8tbU\x06labels]K\x06aX\x04\x00\x00\x00nameT\x04\x00\x00\x00caf\xe9u.`,
      numpyGlobals,
    ) as Map<string, PickleValue>
    expect(value.get('data')).toMatchObject({ dims: [1, 2], dtype: { code: 'u1' } })
    expect((value.get('data') as NumpyArray).bytes).toEqual(new Uint8Array([1, 200]))
    expect(value.get('labels')).toEqual([6])
    expect(value.get('name')).toEqual(latin1('caf\xe9'))
    expect(read("S'it\\'s \\x41\\n\\\\'\n.")).toEqual(latin1("it's A\n\\"))
    expect(read('Vcaf\xe9 \\u20ac \\U0001f333\n.')).toBe('café € 🌳')
  })

  it('reports where a pickle ends, for the next one', () => {
    const source = memorySource(latin1('\x80\x02K\x07.\x80\x02K\x08.rest'), 'x')
    const first = readPickle(source, 0, { globals: new Map() })
    expect(first).toEqual({ value: 7, end: 5 })
    expect(readPickle(source, first.end, { globals: new Map() })).toEqual({ value: 8, end: 10 })
  })

  it('asks the caller for persistent ids', () => {
    const persistent = (id: PickleValue) => [id, 'resolved']
    const source = memorySource(latin1('Pthe id\nU\x02idQ\x86.'), 'x')
    const { value } = readPickle(source, 0, { globals: new Map(), persistent })
    expect(value).toEqual([
      ['the id', 'resolved'],
      [latin1('id'), 'resolved'],
    ])
  })

  it('keeps keys of a dict away from prototypes', () => {
    const root = read('}(U\x09__proto__}U\x08pollutedK\x01su.') as Map<string, PickleValue>
    expect(root.get('__proto__')).toEqual(new Map([['polluted', 1]]))
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('reads a long pickle in windows, and values longer than a window', () => {
    const words = Array.from({ length: 20_000 }, (_, i) => `\x8c\x08${String(i).padStart(8, '0')}a`).join('')
    const long = 'z'.repeat(200_000)
    const bytes = latin1(`\x80\x04]${words}X\x40\x0d\x03\x00${long}a\x8c\x03enda.`)
    let reads = 0
    const memory = memorySource(bytes, 'x')
    const counted: ByteSource = {
      ...memory,
      read: (...range) => {
        reads++
        return memory.read(...range)
      },
    }
    const { value, end } = readPickle(counted, 0, { globals: new Map() })
    const list = value as PickleValue[]
    expect(list.slice(0, 2)).toEqual(['00000000', '00000001'])
    expect(list.slice(-2)).toEqual([long, 'end'])
    expect(list).toHaveLength(20_002)
    expect(end).toBe(bytes.length)
    expect(reads).toBeLessThan(20)
  })
})

/** Ways to reach a function; each is refused at the byte where the name or the call stands. */
const attacks: readonly (readonly [what: string, pickle: string, offset: number, named: string])[] = [
  ['os.system', "cos\nsystem\n(S'id'\ntR.", 0, 'os.system'],
  ['builtins.eval', '\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R.', 2, 'builtins.eval'],
  ['__builtin__.exec, protocol 0', "c__builtin__\nexec\n(S'1'\ntR.", 0, '__builtin__.exec'],
  ['a name from the stack', '\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.', 14, 'os.system'],
  [
    'a dotted name',
    '\x80\x04\x8c\x0bcollections\x8c\x1aOrderedDict.__reduce__.foo\x93.',
    43,
    'collections.OrderedDict.__reduce__.foo',
  ],
  ['INST', "(S'id'\nios\nsystem\n.", 7, 'os.system'],
  ['OBJ', "(cos\nsystem\nS'id'\no.", 1, 'os.system'],
  ['NEWOBJ', '\x80\x02csubprocess\nPopen\nU\x02id\x85\x81.', 2, 'subprocess.Popen'],
  ['NEWOBJ_EX', '\x80\x04csubprocess\nPopen\n)}\x92.', 2, 'subprocess.Popen'],
  ['a reduce inside a reduce', 'ccollections\nOrderedDict\n(cos\nsystem\nU\x02id\x85RtR.', 26, 'os.system'],
  ['a global kept in the memo', '\x80\x02cos\nsystem\nq\x010U\x02idq\x020h\x01h\x02\x85R.', 2, 'os.system'],
  [
    'getattr on an allowed type',
    'cbuiltins\ngetattr\n(ccollections\nOrderedDict\nU\x03__x\x86tR.',
    0,
    'builtins.getattr',
  ],
  ['a registered extension', '\x80\x02\x82\x01.', 2, 'the registered extension 1'],
  ['a persistent id', 'U\x02idQ.', 4, 'outside the file'],
  ['a call of data', 'U\x02id)R.', 5, 'a value that is no function'],
  ['a call of a name that may only be named', 'cnumpy\nndarray\n)R.', 16, 'numpy.ndarray'],
  ['keyword arguments', 'ccollections\nOrderedDict\n)}U\x01aK\x01s\x92.', 33, 'keyword arguments'],
  ['a call after STOP looks harmless', "}cos\nsystem\n(S'id'\ntR0.", 1, 'os.system'],
]

const allowed: PickleGlobals = new Map([
  pickleGlobal('collections.OrderedDict', () => new Map()),
  pickleGlobal('numpy.ndarray'),
])

describe('pickle, what is refused', () => {
  it.each(attacks)('%s', async (_, pickle, offset, named) => {
    const error = await thrownBy(() => read(pickle, allowed))
    expect(error.code).toBe('pickle.forbidden')
    expect(error.message).toContain('x.pkl')
    expect(error.message).toContain(named)
    expect(error.message).toContain(`at byte ${offset},`)
  })

  it.each(protocols)('what Python writes for os.system in protocol %i', async protocol => {
    const error = await thrownBy(() => read(fixture(`evil-${protocol}.pkl`)))
    expect(error.code).toBe('pickle.forbidden')
    expect(error.message).toContain('posix.system')
  })

  it('a builder is called only with what the pickle gives, and never before a name is refused', async () => {
    const calls: unknown[] = []
    const globals: PickleGlobals = new Map([
      pickleGlobal('a.b', args => {
        calls.push(args)
        return null
      }),
    ])
    await thrownBy(() => read("ca\nb\n(K\x01cos\nsystem\n(S'id'\ntRtR.", globals))
    expect(calls).toEqual([])
    read('ca\nb\n(K\x01tR.', globals)
    expect(calls).toEqual([[1]])
  })

  it.each([
    ['an unknown operation', '\xff.', 'unknown operation 0xff'],
    ['a newer protocol', '\x80\x06N.', 'protocol 6'],
    ['an empty stack', '.', 'empty stack'],
    ['a group never opened', 't.', 'not opened'],
    ['a value never kept', 'h\x05.', 'value 5'],
    ['an append to a number', 'K\x01K\x02a.', 'no list'],
    ['an item of a list', ']K\x01K\x02s.', 'no dict'],
    ['a key without a value', '}(K\x01u.', 'without a value'],
    ['an int that is none', 'Ix\n.', 'not a number'],
    ['a float that is none', 'Fx\n.', 'not a number'],
    ['a float that is a word of the language', 'Fconstructor\n.', 'not a number'],
    ['a string without quotes', 'Sx\n.', 'quotes'],
    ['a memo index that is none', 'Np-1\n.', 'memo index'],
    ['arguments that are no tuple', 'ccollections\nOrderedDict\nK\x01R.', 'not a tuple'],
    ['out-of-band bytes', '\x80\x05\x97.', 'unknown operation 0x97'],
  ])('%s', async (_, pickle, words) => {
    const error = await thrownBy(() => read(pickle, allowed))
    expect(error.code).toBe('pickle.invalid')
    expect(error.message).toContain(words)
    expect(error.message).toMatch(/at byte \d+/)
  })
})

describe('pickle, limits', () => {
  it.each([
    ['a text of 4 GB', 'X\xff\xff\xff\xffabc'],
    ['bytes of 2^63', '\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc'],
    ['a Python 2 str of 4 GB', 'T\xff\xff\xff\xffabc'],
    ['a bytearray of 2^40', '\x80\x05\x96\x00\x00\x00\x00\x00\x01\x00\x00abc'],
  ])('%s in a short file', async (_, pickle) => {
    const error = await thrownBy(() => read(pickle))
    expect(error.code).toBe('file.truncated')
    expect(error.message).toContain('but the file ends at byte')
  })

  it('an int of too many digits, an endless line', async () => {
    expect((await thrownBy(() => read(`L${'9'.repeat(100_000)}L\n.`))).code).toBe('pickle.invalid')
    expect((await thrownBy(() => read(`\x8b\x00\x00\x10\x00${'\x01'.repeat(2 ** 20)}.`))).code).toBe('pickle.invalid')
    expect((await thrownBy(() => read(`V${'x'.repeat(2 ** 20 + 2)}\n.`))).code).toBe('pickle.invalid')
  })

  it('nesting: marks are counted, and deep tuples do not overflow anything', async () => {
    expect((await thrownBy(() => read('('.repeat(100_000)))).message).toContain('nested deeper')
    expect(read(`)${'\x85'.repeat(500_000)}.`)).toHaveLength(1)
    expect((await thrownBy(() => read('N'.repeat(4_000_001)))).message).toContain('operations')
  })

  it('a list that holds itself ten times over, ten times over', () => {
    // the billion laughs: 10^10 leaves for one who walks it, but twelve lists in memory
    const laughs = `]q\x00${Array.from({ length: 10 }, () => `0](${'h\x00'.repeat(10)}eq\x00`).join('')}.`
    expect(read(laughs)).toHaveLength(10)
    const itself = read(']q\x00h\x00a.') as PickleValue[]
    expect(itself[0]).toBe(itself)
  })
})

describe('pickle, damaged', () => {
  it.each(protocols)('protocol %i cut anywhere is cut short', async protocol => {
    const bytes = fixture(`data-${protocol}.pkl`)
    for (let length = 0; length < bytes.length; length++) {
      const error = await thrownBy(() => read(bytes.slice(0, length), dataGlobals))
      expect([length, error.code]).toEqual([length, 'file.truncated'])
    }
  })

  it.each(protocols)('protocol %i with changed bytes reads or says why not', async protocol => {
    for (const name of [`data-${protocol}.pkl`, `numpy-${protocol}.pkl`]) {
      const codes = await fuzz(fixture(name), 600, mutant => read(mutant, dataGlobals))
      const known = new Set(['read', 'file.truncated', 'pickle.invalid', 'pickle.forbidden'])
      expect([...codes.keys()].filter(code => !known.has(code))).toEqual([])
      expect(codes.get('pickle.invalid')).toBeGreaterThan(0)
    }
  })
})
