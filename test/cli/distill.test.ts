/** Distillation from the command line: bad input, what a run prints, twins that are shared, studies. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { StudyRow } from '../../src/shared/study.ts'
import { hasEngine } from '../has-engine.ts'
import { errorIn, espalier, workplace } from './harness.ts'
import { makeIdx, makeModel } from './made-inputs.ts'

type Place = ReturnType<typeof workplace>

const distill = (more: object = {}) => ({
  use: 'distill',
  teacher: { checkpoint: 'net.safetensors' },
  epochs: 1,
  batch: 16,
  ...more,
})
const student = { model: { architecture: 'resnet8-a' } }

/** A safetensors file whose header names no tensor. */
function withoutWeights(): Uint8Array {
  const header = Buffer.from('{"__metadata__":{"format":"pt"}}')
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header])
}

describe('bad input is one sentence, exit status 2, and no file', () => {
  interface Case {
    readonly name: string
    readonly code: string
    readonly says: RegExp
    /** What the stage says, after making what it needs. */
    readonly make: (place: Place) => object
  }
  const cases: readonly Case[] = [
    {
      name: 'a teacher of other classes',
      code: 'dataset.classes',
      says: /seven\.safetensors tells 7 classes apart, and .*cifar has 10/,
      make({ folder }) {
        makeModel(join(folder, 'seven.safetensors'), { classes: 7 })
        return { teacher: { checkpoint: 'seven.safetensors' } }
      },
    },
    {
      name: 'a teacher for gray images',
      code: 'dataset.shape',
      says: /gray\.safetensors takes samples of 1 channel\b/,
      make({ folder }) {
        makeModel(join(folder, 'gray.safetensors'), { channels: 1 })
        return { teacher: { checkpoint: 'gray.safetensors' } }
      },
    },
    {
      name: 'a teacher file without weights',
      code: 'checkpoint.no-architecture',
      says: /empty\.safetensors: The checkpoint holds no tensors/,
      make({ write }) {
        write('empty.safetensors', withoutWeights())
        return { teacher: { checkpoint: 'empty.safetensors' } }
      },
    },
    {
      name: 'a teacher that is not there',
      code: 'file.missing',
      says: /none\.th/,
      make: () => ({ teacher: { checkpoint: 'none.th' } }),
    },
    {
      name: 'an architecture instead of a teacher',
      code: 'recipe.invalid',
      says: /stages\[0\]\.teacher needs one of checkpoint, run and stage/,
      make: () => ({ teacher: { architecture: 'resnet20-a' } }),
    },
    {
      name: 'a teacher from a stage that comes later',
      code: 'recipe.invalid',
      says: /stages\[0\]\.teacher\.stage must be the number of an earlier stage/,
      make: () => ({ teacher: { stage: 0 } }),
    },
    {
      name: 'a tap that does not exist',
      code: 'argument.invalid',
      says: /^stages\[0\]\.loss is feature: There is no tap 4: the student has 3 stages and the teacher 3\.$/,
      make: () => ({ loss: 'feature', taps: [1, 4] }),
    },
    {
      name: 'a tap twice',
      code: 'recipe.invalid',
      says: /stages\[0\]\.taps\[2\] stands there before: each tap once, got 3/,
      make: () => ({ loss: 'feature', taps: [3, 1, 3] }),
    },
    {
      name: 'a teacher of other stages',
      code: 'argument.invalid',
      says: /The student has 3 stages and the teacher 5\./,
      make({ folder }) {
        makeModel(join(folder, 'vgg.safetensors'), { architecture: 'vgg11-bn-cifar' })
        return { loss: 'feature', teacher: { checkpoint: 'vgg.safetensors' } }
      },
    },
    {
      name: 'a teacher that is no other file than its architecture says',
      code: 'checkpoint.mismatch',
      says: /net\.safetensors is a resnet8-a, not a resnet20-a/,
      make: () => ({ teacher: { checkpoint: 'net.safetensors', architecture: 'resnet20-a' } }),
    },
    {
      name: 'a teacher in two places',
      code: 'recipe.invalid',
      says: /stages\[0\]\.teacher needs one of checkpoint, run and stage/,
      make: () => ({ teacher: { checkpoint: 'net.safetensors', run: 1 } }),
    },
    {
      name: 'a run that is to teach, and no project',
      code: 'not-found',
      says: /There is no project .*project\.espalier, and run 3 of it is to teach/,
      make: () => ({ teacher: { run: 3 } }),
    },
    {
      name: 'no test samples to choose by',
      code: 'dataset.no-split',
      says: /stages\[0\] scores the test split, and .*cifar has no test samples/,
      make({ folder }) {
        rmSync(join(folder, 'cifar', 'test_batch.bin'))
        return { choose: 'test' }
      },
    },
    {
      name: 'maps of other sizes at a tap',
      code: 'argument.invalid',
      says: /At tap 1 the student has maps of 32x32 and the teacher of 8x8\./,
      make({ folder }) {
        makeModel(join(folder, 'stem.safetensors'), { architecture: 'resnet18-imagenet' })
        return { loss: 'feature', taps: [1], teacher: { checkpoint: 'stem.safetensors' } }
      },
    },
    {
      name: 'a weight of the cosine below 0',
      code: 'recipe.invalid',
      says: /beta must be at least 0, got -1/,
      make: () => ({ loss: 'feature', beta: -1 }),
    },
    {
      name: 'clipping to nothing',
      code: 'recipe.invalid',
      says: /clipNorm must be above 0, got 0/,
      make: () => ({ clipNorm: 0 }),
    },
    {
      name: 'alpha above 1',
      code: 'recipe.invalid',
      says: /alpha must be at most 1, got 1\.1/,
      make: () => ({ alpha: 1.1 }),
    },
    {
      name: 'alpha below 0',
      code: 'recipe.invalid',
      says: /alpha must be at least 0, got -0\.1/,
      make: () => ({ alpha: -0.1 }),
    },
    {
      name: 'a temperature of 0',
      code: 'recipe.invalid',
      says: /temperature must be above 0, got 0/,
      make: () => ({ temperature: 0 }),
    },
    {
      name: 'a loss that is none',
      code: 'recipe.invalid',
      says: /loss must be one of logit, feature, got "logits".*/,
      make: () => ({ loss: 'logits' }),
    },
  ]

  it.each(cases)('$name', async ({ code, says, make }) => {
    const place = workplace()
    const changes = make(place)
    const file = place.writeRecipe({ ...student, stages: [distill(changes)] })
    const before = place.files()
    const { status, out, err } = await espalier('run', file, '--project', place.project, '--json')
    expect([status, out]).toEqual([2, ''])
    expect(errorIn(err)).toMatchObject({ code, message: expect.stringMatching(says) })
    expect(place.files()).toEqual(before)
  })

  it('neither test nor validation samples to report', async () => {
    const { folder, writeRecipe, project, files } = workplace()
    rmSync(join(folder, 'cifar', 'test_batch.bin'))
    const file = writeRecipe({ ...student, data: { path: 'cifar', validation: 0 }, stages: [distill()] })
    const before = files()
    const { status, err } = await espalier('run', file, '--project', project, '--json')
    expect([status, errorIn(err)]).toMatchObject([2, { code: 'dataset.no-split' }])
    expect(errorIn(err).message).toContain('stages[0] scores the validation split, and data.validation is 0 of 40')
    expect(files()).toEqual(before)
  })

  it('what fresh gammas are, of a network that has none', async () => {
    const { writeRecipe, project, files } = workplace()
    const file = writeRecipe({ model: { architecture: 'vgg11-cifar', batchNorm: 'oneone' } })
    const before = files()
    const { status, err } = await espalier('run', file, '--project', project, '--json')
    expect([status, errorIn(err).code]).toEqual([2, 'model.invalid'])
    expect(errorIn(err).message).toBe('model.batchNorm is oneone, and vgg11-cifar has no batch norm.')
    expect(files()).toEqual(before)
  })

  it.each([
    ['without a distillation', {}, { losses: [{ loss: 'logit' }] }, 'study needs a distill stage'],
    [
      'that has nothing to choose by',
      { ...student, data: { path: 'cifar', validation: 0 }, stages: [distill()] },
      { losses: [{ loss: 'logit' }], repeat: 'best' },
      'study.repeat needs validation samples to choose by',
    ],
    [
      'of a temperature of 0',
      { ...student, stages: [distill()] },
      { losses: [{ loss: 'logit', temperature: 0 }] },
      'study.losses[0].temperature must be above 0, got 0',
    ],
    [
      'of a teacher that is not there',
      { ...student, stages: [distill()] },
      { pairs: [{ teacher: { checkpoint: 'none.th' }, student: { architecture: 'resnet8-a' } }] },
      'Tiny · none.th to resnet8-a: There is no file',
    ],
    [
      'of a tap that one of its losses does not find',
      { ...student, stages: [distill()] },
      { losses: [{ loss: 'logit' }, { loss: 'feature', taps: [7] }] },
      'Tiny · features taps 7: stages[0].loss is feature: There is no tap 7',
    ],
    [
      'of a teacher in no place',
      { ...student, stages: [distill()] },
      { pairs: [{ teacher: {}, student: { architecture: 'resnet8-a' } }] },
      'study.pairs[0].teacher needs one of checkpoint, run and stage',
    ],
    [
      'of a teacher that comes later',
      { ...student, stages: [distill()] },
      { pairs: [{ teacher: { stage: 0 }, student: { architecture: 'resnet8-a' } }] },
      'study.pairs[0].teacher.stage must be the number of an earlier stage, below 0, got 0',
    ],
  ])('a study %s', async (_what, recipe, study, says) => {
    const { writeRecipe, project, files } = workplace()
    const file = writeRecipe({ ...recipe, study })
    const before = files()
    const { status, out, err } = await espalier('run', file, '--project', project)
    expect([status, out]).toEqual([2, ''])
    expect(err).toContain(says)
    expect(files()).toEqual(before)
  })
})

describe.skipIf(!hasEngine)('distilling (needs the TensorFlow engine)', () => {
  it('a study: pairs x losses x seeds, with one twin for each student and seed', async () => {
    const { writeRecipe, project, folder } = workplace()
    makeModel(join(folder, 'wide.safetensors'), { architecture: 'resnet8-a-w2' })
    const file = writeRecipe({
      ...student,
      data: { path: 'cifar', validation: 0.2 },
      stages: [distill({ epochs: 1 })],
      study: {
        pairs: ['net', 'wide'].map(name => ({
          teacher: { checkpoint: `${name}.safetensors` },
          student: { architecture: 'resnet8-a' },
        })),
        losses: [
          { loss: 'logit', temperature: 2 },
          { loss: 'feature', alpha: 0.5 },
        ],
      },
    })
    const { status, out } = await espalier('run', file, '--project', project, '--json')
    expect(status).toBe(0)
    const lines = out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines).toHaveLength(4)
    const [{ fidelity, ...first }, ...others] = lines.map(({ twin }) => twin)
    // How near a twin comes is to the teacher of the run that trained it; everything else is its own.
    expect(fidelity).toMatchObject({ agreement: expect.any(Number) })
    expect(others).toEqual(others.map(() => first))
    expect(new Set(lines.map(({ twinKey }) => twinKey)).size).toBe(1)
    expect(lines[0]).toMatchObject({ use: 'distill', agreement: expect.any(Number), total: 20 })

    const summed = await espalier('study', project, '--json')
    const { rows, published } = JSON.parse(summed.out)
    expect(rows.map((row: { loss: string; top1: { n: number } }) => [row.loss, row.top1.n])).toEqual([
      ['logit, alpha 0.7, T 2', 1],
      ['feature, alpha 0.5, beta 0.5', 1],
      ['logit, alpha 0.7, T 2', 1],
      ['feature, alpha 0.5, beta 0.5', 1],
    ])
    expect(published).toHaveLength(2)
    const { out: text } = await espalier('study', project)
    expect(text).toMatch(/Student +Teacher +Its top-1 +Loss +Epochs +n +Chosen by +Without +With +Gain +Verdict +p/)
    expect(text).toContain('resnet8-a-w2 (wide.safetensors)')
    expect(text).toContain('First version: 3 seeds')
    expect(text).toContain("The author's repetition: 5 seeds")
  }, 120_000)

  it('a study that repeats the best: every setting under the first seed, one of them under the others', async () => {
    const { writeRecipe, project } = workplace()
    const file = writeRecipe({
      ...student,
      data: { path: 'cifar', validation: 0.4 },
      seeds: [3, 4, 5],
      stages: [distill({ epochs: 1 })],
      study: { losses: [2, 3].map(temperature => ({ loss: 'logit', temperature })), repeat: 'best' },
    })
    const { status, out } = await espalier('run', file, '--project', project, '--json')
    expect(status).toBe(0)
    const lines = out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines.map(({ run, seed }) => [run, seed])).toEqual([
      [1, 3],
      [2, 3],
      [3, 4],
      [4, 5],
    ])
    const [hot, cold] = lines.map(({ epochs }) => epochs[0].valTop1)
    const { rows } = JSON.parse((await espalier('study', project, '--json')).out)
    expect(rows.map((row: StudyRow) => row.top1.n)).toEqual(hot >= cold ? [3, 1] : [1, 3])
    expect(rows.map((row: StudyRow) => row.seeds[0]!.seed)).toEqual([3, 3])
  }, 120_000)

  it('a run may teach, and one that made no model may not', async () => {
    const { writeRecipe, project } = workplace()
    const data = { path: 'cifar', validation: 0.2 }
    const run = (changes: object) => espalier('run', writeRecipe({ data, ...changes }), '--project', project, '--json')
    expect((await run({ stages: [{ use: 'evaluate' }] })).status).toBe(0)
    expect((await run({ stages: [{ use: 'prune', sparsity: 0.5 }, { use: 'evaluate' }] })).status).toBe(0)
    const taught = await run({ ...student, stages: [distill({ teacher: { run: 2 }, loss: 'feature' })] })
    expect(taught.status).toBe(0)
    expect(JSON.parse(taught.out).teacher).toMatchObject({ name: 'run 2', architecture: 'resnet8-a' })
    const other = { ...data, normalize: 'half' }
    const unlike = await run({ ...student, data: other, stages: [distill({ teacher: { run: 2 } })] })
    expect([unlike.status, errorIn(unlike.err).message]).toEqual([
      2,
      'Run 2 had its inputs normalised as imagenet, and this recipe has them as half.',
    ])
    const refused = await run({ ...student, stages: [distill({ teacher: { run: 1 } })] })
    expect([refused.status, errorIn(refused.err).message]).toEqual([
      2,
      'Run 1 made no model to learn from: none of its stages changed one.',
    ])
    const absent = await run({ ...student, stages: [distill({ teacher: { run: 9 } })] })
    expect([absent.status, errorIn(absent.err).message]).toEqual([2, 'There is no run 9 to learn from.'])
    // What was refused left no run behind.
    expect((await espalier('compare', project, '--json')).out).not.toContain('"number":4')
  }, 120_000)

  it('a run of other classes or other stages may not teach, and that is said before it begins', async () => {
    const { folder, writeRecipe, project } = workplace()
    makeIdx(join(folder, 'gray'))
    const data = { path: 'cifar', validation: 0.2 }
    const run = (changes: object) => espalier('run', writeRecipe({ data, ...changes }), '--project', project, '--json')
    const gray = { path: 'gray', normalize: 'none', validation: 0 }
    const prune = [{ use: 'prune', sparsity: 0.5 }]
    expect((await run({ model: { architecture: 'lenet5' }, data: gray, stages: prune })).status).toBe(0)
    expect((await run({ model: { architecture: 'vgg11-bn-cifar' }, stages: prune })).status).toBe(0)
    const taughtBy = async (teacher: object, more: object = {}) => {
      const { status, err } = await run({ ...student, ...more, stages: [distill({ teacher, loss: 'feature' })] })
      return [status, errorIn(err.slice(err.indexOf('{'))).message]
    }
    expect(await taughtBy({ run: 1 }, { data: { ...data, normalize: 'none' } })).toEqual([
      2,
      `The model of run 1 tells 4 classes apart, and ${join(folder, 'cifar')} has 10.`,
    ])
    expect(await taughtBy({ run: 2 })).toEqual([
      2,
      'stages[0].loss is feature: The student has 3 stages and the teacher 5.',
    ])
  }, 120_000)

  it('says what to expect before it begins, and what was taken over', async () => {
    const { writeRecipe, project } = workplace()
    const file = writeRecipe({ ...student, stages: [distill()] })
    const { status, err } = await espalier('run', file, '--project', project)
    expect(status).toBe(0)
    expect(err).toMatch(/run 1, seed 0: The teacher is right on \d+\.\d\d % of the samples that are reported\.\n/)
    expect(err).toMatch(/run 1, seed 0: About \d+ \w+ and \d+ MB for 1 epoch of 36 samples, the twin included\.\n/)
    const again = await espalier('run', file, '--project', project)
    expect(again.err).toContain('run 2, seed 0: All stages were done before')
  }, 120_000)
})
