/** Bad input: one clear sentence, the file and place named, exit status 2, nothing half-written. */
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { makeZip } from '../formats/codecs/make-zip.ts'
import { train, unknownKeys, wrongValues } from '../shared/training-faults.ts'
import { errorIn, espalier, workplace } from './harness.ts'
import { makeIdx, makeModel } from './made-inputs.ts'

type Place = ReturnType<typeof workplace>

interface Case {
  readonly name: string
  readonly code: string
  /** What the sentence must name. */
  readonly says: RegExp
  /** Breaks something and returns the recipe's changes. */
  readonly make: (place: Place) => object
}

/** A pickle that would call os.system when it is loaded by Python. */
const hostilePickle = (witness: string) =>
  `\x80\x02cposix\nsystem\nX${length4(`touch ${witness}`)}touch ${witness}\x85R.`
const length4 = (text: string) => String.fromCharCode(text.length, 0, 0, 0)

const cases: readonly Case[] = [
  {
    name: 'a truncated checkpoint',
    code: 'file.truncated',
    says: /net\.safetensors/,
    make: ({ folder }) => {
      truncateSync(join(folder, 'net.safetensors'), 20_000)
      return {}
    },
  },
  {
    name: 'a pickle that calls a function outside the allow-list',
    code: 'pickle.forbidden',
    says: /evil\.pth.*posix.*system/,
    make: ({ folder, write }) => {
      const data = Buffer.from(hostilePickle(join(folder, 'witness')), 'latin1')
      write(
        'evil.pth',
        makeZip([
          { name: 'archive/data.pkl', data },
          { name: 'archive/version', data: Buffer.from('3\n') },
        ]),
      )
      return { model: { checkpoint: 'evil.pth' } }
    },
  },
  {
    name: 'tensors that fit no architecture',
    code: 'checkpoint.no-architecture',
    says: /odd\.safetensors/,
    make: ({ write }) => {
      const header = Buffer.from(JSON.stringify({ 'a.b': { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }))
      const length = Buffer.alloc(8)
      length.writeBigUInt64LE(BigInt(header.length))
      write('odd.safetensors', Buffer.concat([length, header, Buffer.alloc(8)]))
      return { model: { checkpoint: 'odd.safetensors' } }
    },
  },
  {
    name: 'another architecture than the checkpoint has',
    code: 'checkpoint.mismatch',
    says: /resnet8-a, not a resnet20-a/,
    make: () => ({ model: { checkpoint: 'net.safetensors', architecture: 'resnet20-a' } }),
  },
  {
    name: 'the wrong number of classes',
    code: 'dataset.classes',
    says: /seven\.safetensors tells 7 classes apart, and .*cifar has 10/,
    make: ({ folder }) => {
      makeModel(join(folder, 'seven.safetensors'), { classes: 7 })
      return { model: { checkpoint: 'seven.safetensors' } }
    },
  },
  {
    name: 'the wrong number of channels',
    code: 'dataset.shape',
    says: /1 channel, and those of .*cifar have 3/,
    make: ({ folder }) => {
      makeModel(join(folder, 'gray.safetensors'), { channels: 1 })
      return { model: { checkpoint: 'gray.safetensors' } }
    },
  },
  {
    name: 'batch norm to train where the network has none',
    code: 'model.invalid',
    says: /stages\[0\]\.trainable is batchnorm, and vgg11-cifar has no batch norm/,
    make: () => ({
      model: { architecture: 'vgg11-cifar' },
      stages: [{ use: 'train', epochs: 1, trainable: 'batchnorm' }],
    }),
  },
  // Of 40 training samples 4 are held out.
  ...(
    [
      ['more clients than samples', 'argument.invalid', /37 clients .* need 37, and there are 36/, { clients: 37 }],
      [
        'a beta of 0',
        'recipe.invalid',
        /stages\[0\]\.partition\.beta must be above 0, got 0/,
        { partition: { kind: 'dirichlet', beta: 0 } },
      ],
      ['a participation of 0', 'recipe.invalid', /participation must be above 0, got 0/, { participation: 0 }],
      [
        'a participation above 1',
        'recipe.invalid',
        /participation must be at most 1, got 1\.5/,
        { participation: 1.5 },
      ],
      [
        'shards that are too many',
        'argument.invalid',
        /need 60, and|need 60 samples/,
        { clients: 3, partition: { kind: 'shards', perClient: 20 } },
      ],
      [
        'a strategy that there is not',
        'recipe.invalid',
        /strategy.* must be one of fedavg, fedprox/,
        { strategy: 'fedavgg' },
      ],
      [
        'SCAFFOLD with Adam',
        'recipe.invalid',
        /optimizer\.kind must be sgd for the strategy scaffold/,
        { strategy: 'scaffold', optimizer: 'adam' },
      ],
      [
        'slow clients that nobody waits for',
        'recipe.invalid',
        /deadline is required/,
        { heterogeneity: { slowest: 0.5 } },
      ],
      [
        'a weakest client that keeps more than the pruning',
        'recipe.invalid',
        /leastKeep must be at most what the pruning keeps, 0\.3/,
        { pruning: 'salience', heterogeneity: { leastKeep: 0.5 } },
      ],
      [
        'clients whose gates differ',
        'recipe.invalid',
        /leastKeep must be left out for the pruning gate/,
        { pruning: 'gate', heterogeneity: { leastKeep: 0.5 } },
      ],
      [
        'narrow clients whose parts cannot be averaged',
        'recipe.invalid',
        /narrowest must be left out for the strategy scaffold/,
        { strategy: 'scaffold', optimizer: 'sgd', heterogeneity: { narrowest: 0.5 } },
      ],
      [
        'narrow clients that prune as well',
        'recipe.invalid',
        /narrowest must be left out for the pruning salience/,
        { pruning: 'salience', heterogeneity: { narrowest: 0.5 } },
      ],
      [
        'narrow clients with statistics of their own',
        'recipe.invalid',
        /narrowest must be left out where statistics are kept local/,
        { batchNorm: 'local', heterogeneity: { narrowest: 0.5 } },
      ],
      [
        'a partition file that is not there',
        'file.missing',
        /none\.json/,
        { partition: { kind: 'file', path: 'none.json' } },
      ],
    ] as const
  ).map(
    ([name, code, says, more]): Case => ({
      name: `a federation with ${name}`,
      code,
      says,
      make: () => ({ stages: [{ use: 'federate', clients: 2, rounds: 1, partition: 'iid', ...more }] }),
    }),
  ),
  ...(
    [
      [
        'misses samples',
        [
          [0, 1, 2],
          [3, 4],
        ],
        'argument.invalid',
        /split\.json.* nobody is given 35 samples, the first is 5/,
      ],
      [
        'repeats a sample',
        [
          [0, 1],
          [1, 2],
        ],
        'argument.invalid',
        /split\.json.* sample 1 is given to client 1 and again to client 2/,
      ],
      [
        'counts more of a class than there are',
        [{ 0: 3 }, { 0: 2 }],
        'argument.invalid',
        /client 2 has 2 samples of class 0, and 1 are left/,
      ],
      ['is no list', { clients: 2 }, 'file.corrupt', /split\.json is no partition/],
    ] as const
  ).map(
    ([name, holdings, code, says]): Case => ({
      name: `a partition file that ${name}`,
      code,
      says,
      make({ write }) {
        write('split.json', JSON.stringify(holdings))
        return { stages: [{ use: 'federate', clients: 2, rounds: 1, partition: { kind: 'file', path: 'split.json' } }] }
      },
    }),
  ),
  {
    name: 'features to disable where there is no batch norm',
    code: 'model.invalid',
    says: /stages\[0\]\.use is disable-features, and vgg11-cifar has no batch norm/,
    make: () => ({ model: { architecture: 'vgg11-cifar' }, stages: [{ use: 'disable-features' }] }),
  },
  {
    name: 'gammas for a checkpoint, which has its own',
    code: 'recipe.invalid',
    says: /model\.batchNorm is for fresh weights/,
    make: () => ({ model: { checkpoint: 'net.safetensors', batchNorm: 'uniform' } }),
  },
  {
    name: 'an empty folder',
    code: 'dataset.empty',
    says: /empty/,
    make: ({ folder }) => {
      mkdirSync(join(folder, 'empty'))
      return { data: { path: 'empty' } }
    },
  },
  {
    name: 'a text file named .bin as data',
    code: 'file.unknown-format',
    says: /text\.bin/,
    make: ({ write }) => {
      write('text.bin', 'These are words.\n')
      return { data: { path: 'text.bin' } }
    },
  },
  {
    name: 'a text file named .bin as a checkpoint',
    code: 'file.unknown-format',
    says: /text\.bin/,
    make: ({ write }) => {
      write('text.bin', 'These are words.\n')
      return { model: { checkpoint: 'text.bin' } }
    },
  },
  {
    name: 'a data set that was cut in the middle of a picture',
    code: 'file.truncated',
    says: /test_batch\.bin/,
    make: ({ folder }) => {
      truncateSync(join(folder, 'cifar', 'test_batch.bin'), 3073 * 3 + 100)
      return {}
    },
  },
  {
    name: 'a zip with path traversal',
    code: 'archive.unsafe-path',
    says: /traversal\.zip.*\.\.\/\.\.\/evil\.png/,
    make: ({ write }) => {
      write('traversal.zip', makeZip([{ name: '../../evil.png', data: Buffer.from('x') }]))
      return { data: { path: 'traversal.zip' } }
    },
  },
  {
    name: 'a zip bomb',
    code: 'archive.bomb',
    says: /bomb\.zip/,
    make: ({ write }) => {
      write('bomb.zip', makeZip([{ name: 'a/x.png', data: Buffer.alloc(1000), deflate: true, size: 2 ** 31 }]))
      return { data: { path: 'bomb.zip' } }
    },
  },
  {
    name: 'a missing checkpoint',
    code: 'file.missing',
    says: /nowhere\.th/,
    make: () => ({ model: { checkpoint: 'nowhere.th' } }),
  },
  { name: 'missing data', code: 'file.missing', says: /nowhere/, make: () => ({ data: { path: 'nowhere' } }) },
  {
    name: 'sparsity 1.2',
    code: 'recipe.invalid',
    says: /recipe\.json: stages\[0\]\.sparsity must be below 1, got 1\.2/,
    make: () => ({ stages: [{ use: 'prune', sparsity: 1.2 }] }),
  },
  {
    name: 'a sparsity that minima do not leave',
    code: 'prune.infeasible',
    says: /stages\[0\]\.sparsity is 0\.9: /,
    make: () => ({ stages: [{ use: 'prune', sparsity: 0.9, minimumKeep: 1_000_000 }] }),
  },
  {
    name: 'sparsity -0.1',
    code: 'recipe.invalid',
    says: /recipe\.json: stages\[0\]\.sparsity must be at least 0, got -0\.1/,
    make: () => ({ stages: [{ use: 'prune', sparsity: -0.1 }] }),
  },
  {
    name: 'an unknown recipe key',
    code: 'recipe.unknown-key',
    says: /recipe\.json: "sparsty" is not a key of stages\[0\]/,
    make: () => ({ stages: [{ use: 'prune', sparsity: 0.5, sparsty: 0.5 }] }),
  },
  {
    name: 'a pruning without a target',
    code: 'recipe.invalid',
    says: /stages\[0\]\.sparsity is required where there is no target/,
    make: () => ({ stages: [{ use: 'prune' }] }),
  },
  {
    name: 'a calibration set that is empty',
    code: 'recipe.invalid',
    says: /stages\[0\]\.calibration\.images must be at least 1, got 0/,
    make: () => ({
      stages: [{ use: 'prune', allocation: 'rate-distortion', sparsity: 0.5, calibration: { images: 0 } }],
    }),
  },
  {
    name: 'an unknown stage',
    code: 'recipe.invalid',
    says: /stages\[0\]\.use must be one of .*prune.*, got "prun"/,
    make: () => ({ stages: [{ use: 'prun', sparsity: 0.5 }] }),
  },
  {
    name: 'an unknown architecture',
    code: 'architecture.unknown',
    says: /resnet21-a/,
    make: () => ({ model: { architecture: 'resnet21-a' } }),
  },
  {
    name: 'a validation share of no sample at all',
    code: 'dataset.no-split',
    says: /data\.validation is 0\.000001 of \d+ training samples/,
    make: () => ({ data: { path: 'cifar', validation: 1e-6 }, stages: [{ use: 'evaluate', split: 'validation' }] }),
  },
  {
    name: 'a colour normalisation of gray pictures',
    code: 'argument.invalid',
    says: /Normalisation imagenet has three colour channels, the samples have 1/,
    make: ({ folder }) => {
      makeIdx(join(folder, 'idx'))
      return { model: { architecture: 'lenet5' }, data: { path: 'idx' } }
    },
  },
  {
    name: 'a network that no project could keep',
    code: 'model.invalid',
    says: /resnet1202-b-w99 has \d{11,} parameters, and a project keeps networks of at most 250000000/,
    make: () => ({ model: { architecture: 'resnet1202-b-w99' } }),
  },
  {
    name: 'a split that the data does not have',
    code: 'dataset.no-split',
    says: /stages\[0\] scores the validation split/,
    make: () => ({ data: { path: 'cifar', validation: 0 }, stages: [{ use: 'evaluate', split: 'validation' }] }),
  },
]

describe('espalier run refuses', () => {
  it.each(cases)('$name', async ({ code, says, make }) => {
    const place = workplace()
    const file = place.writeRecipe(make(place))
    const before = place.files()
    const spoken = await espalier('run', file, '--project', place.project)
    expect(spoken.status).toBe(2)
    expect(spoken.out).toBe('')
    expect(spoken.err).toMatch(says)
    expect(spoken.err.trimEnd().split('\n')).toHaveLength(1)
    const { status, out, err } = await espalier('run', file, '--project', place.project, '--json')
    expect([status, out]).toEqual([2, ''])
    expect(errorIn(err)).toMatchObject({ code, message: expect.stringMatching(says) })
    expect(place.files()).toEqual(before)
  })

  it('suggests the near key', async () => {
    const { writeRecipe, project } = workplace()
    const { err } = await espalier('run', writeRecipe({ sedes: [1] }), '--project', project, '--json')
    expect(errorIn(err).hint).toBe('Did you mean "seeds"?')
  })

  it('a recipe that is missing, a folder, or no recipe at all', async () => {
    const { folder, write, project, files } = workplace()
    const run = async (file: string) => errorIn((await espalier('run', file, '--project', project, '--json')).err)
    expect(await run(join(folder, 'none.json'))).toMatchObject({ code: 'file.missing' })
    expect(await run(folder)).toMatchObject({ code: 'file.unreadable' })
    expect(await run(join(folder, 'net.safetensors'))).toMatchObject({ code: 'recipe.not-json' })
    expect(await run(write('list.json', '[]'))).toMatchObject({ code: 'recipe.invalid' })
    expect(files()).not.toContain('project.espalier')
  })

  const broken: [string, string, RegExp][] = [
    ['a comma too many', '{\n  "name": "x",\n}', /line 3, column 1/],
    ['an early end', '{\n  "name": "x"', /line 2, column 14/],
    ['a word', '{\n  "name": yes\n}', /line 2, column 11/],
    ['nothing', '', /line 1, column 1/],
    ['a word in a long line', `{"name": NaN, "x": "${'y'.repeat(100)}"}`, /line 1, column 10, unexpected token 'N'\.$/],
    ['a key that stands twice', '{"name": "a", "seeds": [0], "name": "b"}', /the key "name" stands twice/],
  ]
  it.each(broken)('a recipe with %s, naming the place', async (_, text, place) => {
    const { write, project } = workplace()
    const { status, err } = await espalier('run', write('broken.json', text), '--project', project, '--json')
    expect(status).toBe(2)
    expect(errorIn(err)).toMatchObject({ code: 'recipe.not-json', message: expect.stringMatching(place) })
    expect(errorIn(err).message).toContain('broken.json')
  })

  it('a recipe in another encoding', async () => {
    const { write, project } = workplace()
    const file = write('wide.json', Buffer.from('\ufeff{"name": "x"}', 'utf16le'))
    const { status, err } = await espalier('run', file, '--project', project, '--json')
    expect([status, errorIn(err).code]).toEqual([2, 'recipe.not-json'])
    expect(errorIn(err).message).toMatch(/wide\.json is not a recipe: it is not text in UTF-8\.$/)
  })

  it('a project of a newer version, and leaves it as it is', async () => {
    const { writeRecipe, project } = workplace()
    const db = new Database(project)
    db.pragma('application_id = 0x45535041')
    db.pragma('user_version = 99')
    db.exec('CREATE TABLE future (x)')
    db.close()
    const before = readFileSync(project)
    const { status, err } = await espalier('run', writeRecipe(), '--project', project, '--json')
    expect([status, errorIn(err).code]).toEqual([2, 'project.newer'])
    expect(readFileSync(project)).toEqual(before)
  })

  it('a project that is another file, and leaves it as it is', async () => {
    const { writeRecipe, write } = workplace()
    const file = write('notes.espalier', 'my notes')
    const { status, err } = await espalier('run', writeRecipe(), '--project', file, '--json')
    expect([status, errorIn(err).code]).toEqual([2, 'project.not-a-project'])
    expect(readFileSync(file, 'utf8')).toBe('my notes')
  })

  it.skipIf(process.getuid?.() === 0)('a project in a folder that cannot be written to', async () => {
    const { writeRecipe, folder } = workplace()
    mkdirSync(join(folder, 'closed'))
    chmodSync(join(folder, 'closed'), 0o555)
    const { status, err } = await espalier(
      'run',
      writeRecipe(),
      '--project',
      join(folder, 'closed', 'x.espalier'),
      '--json',
    )
    expect([status, errorIn(err).code]).toEqual([2, 'disk.read-only'])
  })

  it('every wrong parameter of training: a line that names it, before anything is made', async () => {
    const { writeRecipe, project, files } = workplace()
    const inStages = [...wrongValues, ...unknownKeys].map(([stage, key]) => [{ stages: [stage] }, `stages[0].${key}`])
    const others = [
      [{ data: { path: 'cifar', validation: 1 } }, 'data.validation'],
      [{ data: { path: 'cifar', validation: 0 }, stages: [train({ earlyStop: 1 })] }, 'stages[0].earlyStop'],
      [{ data: { path: 'cifar', augment: 'crop-flop' } }, 'data.augment'],
    ]
    for (const [changes, place] of [...inStages, ...others] as [object, string][]) {
      const { status, out, err } = await espalier('run', writeRecipe(changes), '--project', project)
      expect([place, status, out]).toEqual([place, 2, ''])
      const [, holder = 'a recipe', key] = /^(?:(.*)\.)?([^.]+)$/.exec(place)!
      expect(err.includes(place) || err.includes(`"${key}" is not a key of ${holder}`), err).toBe(true)
      expect(err).toMatch(/^[^\n]{1,300}\n$/)
    }
    expect(files()).not.toContain('project.espalier')
  })

  it('the hostile pickle was never run', async () => {
    const place = workplace()
    const found = cases.find(({ code }) => code === 'pickle.forbidden')!
    await espalier('run', place.writeRecipe(found.make(place)))
    expect(place.files()).not.toContain('witness')
  })
})

describe('the command line refuses', () => {
  const lines: [string[], RegExp][] = [
    [['runn'], /Unknown command 'runn'\. Did you mean run\?/],
    [['run'], /Missing required argument 'recipe'/],
    [['run', 'x.json', '--sed', '1'], /Unknown option '--sed'\. Did you mean --seed\?/],
    [['run', 'x.json', '--seed', '-1'], /whole number/],
    [['run', 'x.json', '--seed', '1.5'], /whole number/],
    [['run', 'x.json', '--seed', '4294967296'], /whole number/],
    [['serve', '--port', '70000'], /A port is a whole number/],
    [['compare'], /Missing required argument 'project'/],
    [['inspect', 'a', 'b'], /Too many arguments/],
  ]
  it.each(lines)('%j', async (args, words) => {
    const spoken = await espalier(...args)
    expect([spoken.status, spoken.out]).toEqual([2, ''])
    expect(spoken.err).toMatch(words)
    expect(spoken.err.trimEnd().split('\n')).toHaveLength(1)
    const { err } = await espalier(...args, '--json')
    if (args[0] !== 'serve' && args[0] !== 'runn') expect(errorIn(err).code).toBe('argument.invalid')
  })

  it('nothing: it shows what there is, and status 2', async () => {
    const { status, out } = await espalier()
    expect(status).toBe(2)
    for (const command of ['run', 'inspect', 'compare', 'architectures', 'doctor', 'serve'])
      expect(out).toContain(command)
  })
})

describe('inspect and compare refuse', () => {
  it('what is neither a data set nor a checkpoint', async () => {
    const { write } = workplace()
    const { status, err } = await espalier('inspect', write('text.bin', 'words'), '--json')
    expect([status, errorIn(err).code]).toEqual([2, 'file.unknown-format'])
    expect(errorIn(err).message).toContain('text.bin')
  })

  it('a project that is not there, and make none', async () => {
    const { project, files } = workplace()
    const { status, err } = await espalier('compare', project, '--json')
    expect([status, errorIn(err).code]).toEqual([2, 'file.missing'])
    expect(files()).not.toContain('project.espalier')
  })

  it('a project that is damaged', async () => {
    const { project } = workplace()
    const { openProject } = await import('../../src/studio/project/project.ts')
    openProject(project).close()
    const file = openSync(project, 'r+')
    writeSync(file, Buffer.alloc(4000, 0xff), 0, 4000, 96)
    closeSync(file)
    const { status, err } = await espalier('compare', project, '--json')
    expect([status, errorIn(err).code]).toEqual([2, 'project.corrupt'])
    rmSync(project)
    writeFileSync(project, '')
    expect(errorIn((await espalier('compare', project, '--json')).err).code).toBe('project.not-a-project')
  })

  it.each(['compare', 'study', 'curves'])(
    '%s: a project of an older version, with what to do, and leaves it as it is',
    async command => {
      const { project, files } = workplace()
      const { closeDatabase, openDatabase } = await import('../../src/studio/project/database.ts')
      const { migrations } = await import('../../src/studio/project/migrations.ts')
      const older = openDatabase(project, { migrations: migrations.slice(0, -1) })
      older.exec(`INSERT INTO owners VALUES ('o', 'terminal', 'm', 1, NULL, 1, 1, NULL)`)
      closeDatabase(older)
      const [before, there] = [readFileSync(project), files()]
      const { status, out, err } = await espalier(command, project)
      expect([status, out]).toEqual([2, ''])
      expect(err).toContain(`espalier serve --project "${project}"`)
      expect(files()).toEqual(there)
      expect(readFileSync(project).equals(before)).toBe(true)
      // What it names is what helps: opened as serve opens it.
      closeDatabase(openDatabase(project))
      expect((await espalier(command, project)).status).toBe(0)
    },
  )
})
