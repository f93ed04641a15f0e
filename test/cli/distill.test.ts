/** Distillation from the command line: bad input, what a run prints, twins that are shared, studies. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { StudyRow } from '../../src/shared/study.ts'
import { hasEngine } from '../has-engine.ts'
import { errorIn, espalier, workplace } from './harness.ts'
import { makeModel } from './made-inputs.ts'

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
      says: /gray\.safetensors takes samples of 1 channels/,
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
      says: /There is no tap 4: the student has 3 stages and the teacher 3\./,
      make: () => ({ loss: 'feature', taps: [1, 4] }),
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
      'none.th',
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
    expect([absent.status, errorIn(absent.err).code]).toEqual([2, 'not-found'])
  }, 120_000)
})
