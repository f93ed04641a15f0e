import { describe, expect, it } from 'vitest'
import { architectureOf } from '../../../src/core/architectures.ts'
import type { Model } from '../../../src/core/graph/model.ts'
import { costNote, preflightNotes, requireClassOrder } from '../../../src/engine/distillation/preflight.ts'
import type { Selection } from '../../../src/engine/stage-runner.ts'
import { stages } from '../../../src/shared/stages.ts'

const stage = (more: object = {}) =>
  stages.distill.schema.parse({ use: 'distill', teacher: { run: 1 }, epochs: 10, ...more })
const model = (id: string): Model => ({
  architecture: id,
  graph: architectureOf(id, { classes: 10, inputDims: [3, 32, 32] }),
  weights: new Map(),
  masks: new Map(),
})
const scored = (top1: number) => ({
  ...{ correct: 0, total: 1, top1, loss: 1, agreement: 1, kl1: 0, kl4: 0, classes: [] },
})
const notes = (student: string, teacher: string, top1: number, more = {}, split: 'test' | 'validation' = 'test') =>
  preflightNotes(stage(more), { student: model(student), teacher: model(teacher), split, score: scored(top1) }).join(
    '\n',
  )

describe('what is said before a student is trained', () => {
  it('how good the teacher is, and that a weak one is weak', () => {
    expect(notes('resnet8-a', 'resnet20-a', 0.81)).toBe(
      'The teacher is right on 81.00 % of the samples that are reported.',
    )
    expect(notes('resnet8-a', 'resnet20-a', 0.12)).toContain('a weak teacher')
  })

  it('a teacher that has seen the validation samples, where that is more than chance', () => {
    const said = (valTop1: number, heldOut: number, top1: number, total: number) =>
      preflightNotes(stage(), {
        student: model('resnet8-a'),
        teacher: model('resnet20-a'),
        split: 'test',
        score: { ...scored(top1), total },
        heldOut: { top1: valTop1, total: heldOut },
      }).join('\n')
    expect(said(0.996, 5000, 0.915, 1000)).toContain(
      'On the validation samples it is right on 99.60 %: it was probably trained on them.',
    )
    // Standard error of 95 of 100 against 90 of 100: sqrt(0.05 * 0.95 / 100 + 0.1 * 0.9 / 100) = 3.7 points.
    expect(said(0.95, 100, 0.9, 100)).not.toContain('trained on')
    expect(said(0.95, 10_000, 0.9, 10_000)).toContain('trained on')
    expect(said(0.93, 1e6, 0.915, 1e6)).not.toContain('trained on')
    expect(said(0.88, 5000, 0.915, 1000)).not.toContain('trained on')
  })

  it('a stem for large images on small ones, with what it cost', () => {
    expect(notes('resnet18-imagenet', 'resnet34-cifar', 0.9)).toMatch(/The student has a stem .* 5\.5 to 7\.2 points/)
    expect(notes('resnet18-cifar', 'resnet34-imagenet', 0.9)).toContain('The teacher has a stem')
    expect(notes('resnet18-cifar', 'resnet34-cifar', 0.9)).not.toContain('stem')
  })

  it('the published bug and the first protocol, as what they are', () => {
    expect(notes('resnet8-a', 'resnet20-a', 0.9, { loss: 'feature', clipping: 'student-only' })).toContain(
      'the published bug',
    )
    // Logits have no projections that could be left out.
    expect(notes('resnet8-a', 'resnet20-a', 0.9, { clipping: 'student-only' })).not.toContain('bug')
    expect(notes('resnet8-a', 'resnet20-a', 0.9, { choose: 'test' })).toContain("the paper's first version")
  })

  it('that what chose the epoch is reported, where there are no test samples', () => {
    const of = (more: object) => notes('resnet8-a', 'resnet20-a', 0.9, more, 'validation')
    expect(of({})).toContain('There are no test samples: the best epoch is chosen on the validation samples')
    expect(of({ keep: 'last' })).not.toContain('too high')
    expect(of({ keep: 'last', earlyStop: 2 })).toContain('too high')
    expect(notes('resnet8-a', 'resnet20-a', 0.9)).not.toContain('too high')
  })

  it('time by hand: three passes a training step, two of them for a twin and a student', () => {
    const graph = architectureOf('resnet20-a')
    // Student = teacher, 100 samples a second: 10 epochs of 1,000 samples, 3 + 1 passes of 10 ms, with a twin 3 + 3 + 1.
    const of = (isTwinKnown: boolean) =>
      costNote(stage(), { student: graph, teacher: graph, samples: 1000, rate: 100, isTwinKnown })
    expect(of(true)).toMatch(/^About 7 min and \d+ MB for 10 epochs of 1,000 samples\.$/)
    expect(of(false)).toMatch(/^About 12 min and \d+ MB for 10 epochs of 1,000 samples, the twin included\.$/)
  })
})

describe('classes in another order', () => {
  const names = ['cat', 'dog', 'owl']
  const labels = Int32Array.from({ length: 30 }, (_, i) => i % 3)
  const selection = { split: { labels }, indices: labels.map((_, i) => i) } as unknown as Selection
  /** Logits that give each class the class `given[label]`. */
  const logits = (given: readonly number[]) =>
    Float32Array.from({ length: 90 }, (_, at) => (given[labels[Math.floor(at / 3)]!] === at % 3 ? 1 : 0))

  it('is an error that names the first of them', () => {
    expect(() => requireClassOrder(logits([0, 2, 1]), selection, names, 'net.th')).toThrow(
      'net.th has the classes of the data in another order: to "dog", class 1, it gives its class 2.',
    )
    expect(() => requireClassOrder(logits([0, 1, 2]), selection, names, 'net.th')).not.toThrow()
    expect(() => requireClassOrder(logits([0, 0, 0]), selection, names, 'net.th')).not.toThrow()
  })
})
