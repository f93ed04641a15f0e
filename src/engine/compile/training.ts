/**
 * A Model compiled for training: the entry points of `CompiledModel` and those that change its variables, in one graph.
 * A step is one call: forward, loss, backward, clipping, optimizer and masks (design, section 3).
 */
import { elementCount } from '../../core/graph/dims.ts'
import type { Graph, Masks, Model, Parameter, Weights } from '../../core/graph/model.ts'
import type { Samples } from '../../formats/datasets.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { Engine } from '../runtime/load.ts'
import type { Output, Variable } from '../tensorflow/graph-writer.ts'
import type { Feed, HostTensor } from '../tensorflow/session.ts'
import { CompiledModel, type CompileOptions } from './compiled-model.ts'
import { toOnnx, toTensorflow } from './layout.ts'
import {
  notFiniteLoss,
  type TrainingProgramOptions,
  type TrainingPrograms,
  writeTrainingPrograms,
} from './training-programs.ts'

export type { GradientGroup } from './gradient-groups.ts'
export type { OptimizerOptions } from './optimizer.ts'

export interface TrainingOptions extends CompileOptions, TrainingProgramOptions {}

export interface StepInput {
  /** A batch of any size. */
  readonly samples: Samples
  readonly labels: Int32Array
  readonly learningRate: number
  /** For dropout: an integer in [0, 2^32), another one for each step. */
  readonly seed: number
  /** What the teacher says of these samples, where it is known (`teach`): it is not asked again then. */
  readonly taught?: Taught
}

/** Values of a teacher by name, in TensorFlow's layout. */
export type Taught = ReadonlyMap<string, HostTensor>

export interface StepResult {
  /** Sum over the batch of the loss that is minimised (label smoothing included), before the update. */
  readonly loss: number
  /** Samples whose largest logit, in training mode, is their label's. */
  readonly correct: number
  /** What the loss is made of, sums over the batch; empty where it is one. */
  readonly parts: ReadonlyMap<string, number>
  /** By the name of the group. */
  readonly gradientNorms: ReadonlyMap<string, number>
}

/**
 * By name, in ONNX layout: `parameter/NAME`, `mask/NAME` and `update-mask/NAME` (1 or 0), `momentum/NAME` and the like,
 * `optimizer/steps` ([n]).
 */
export type TrainingState = ReadonlyMap<string, Float32Array>

const stepsKey = 'optimizer/steps'

export class TrainableModel extends CompiledModel {
  readonly #programs: TrainingPrograms
  /** Every variable, by its name in the state, with the parameter whose layout it has. */
  readonly #places: ReadonlyMap<string, { readonly variable: Variable; readonly parameter: string }>
  #steps = 0

  constructor(engine: Engine, graph: Graph, options: TrainingOptions) {
    let programs: TrainingPrograms | undefined
    super(engine, graph, options, parts => {
      programs = writeTrainingPrograms(parts, options)
    })
    this.#programs = programs!
    const { masks, updateMasks, joined, slots } = this.#programs
    const own = new Map([...this.#programs.own].map(([name, { variable }]) => [name, variable]))
    const kinds = [
      ['parameter', this.variables],
      ['parameter', own],
      ['mask', masks],
      ['update-mask', updateMasks],
      ['joined', joined],
      ...slots,
    ] as const
    this.#places = new Map(
      kinds.flatMap(([kind, variables]) =>
        [...variables].map(([parameter, variable]) => [`${kind}/${parameter}`, { variable, parameter }] as const),
      ),
    )
    this.#assignMaskValues(this.#programs.masks, new Map(), 'masked')
    this.assignUpdateMasks(new Map())
    this.assignTerms({ anchors: new Map(), corrections: new Map() })
    this.#forget()
  }

  /** Sets every parameter and every mask. The optimizer starts anew; update masks stay. */
  override assign(model: Pick<Model, 'weights' | 'masks'>): void {
    super.assign(model)
    this.#assignMaskValues(this.#programs.masks, model.masks, 'masked')
    this.#forget()
  }

  /**
   * Sets the teacher, masked weights as zero, and the parameters of the loss, which are no part of the model (in ONNX
   * layout). To be called after `assign`, before the first step.
   */
  assignTeacher({ graph, weights, masks }: Model, own: Weights): void {
    const { teacher, own: places } = this.#programs
    if (!teacher) throw new Error('it was compiled without a teacher')
    const entries = [...teacher.variables].map(([name, variable]) => {
      const mask = masks.get(name)
      const values = weights.get(name)!
      const kept = mask ? values.map((value, i) => (mask[i] === 0 ? 0 : value)) : values
      return { variable, parameter: graph.parameters[name]!, values: kept }
    })
    for (const [name, place] of places) entries.push({ ...place, values: own.get(name)! })
    this.#assignValues(entries)
  }

  /** A parameter of the teacher now, in ONNX layout. */
  readTeacher({ graph }: Model, name: string): Float32Array {
    const [value] = this.session.run([], [this.#programs.teacher!.variables.get(name)!.value])
    return toOnnx(graph.parameters[name]!, value!.values as Float32Array)
  }

  /** What the teacher says of samples as they are given: everything that a step asks it. */
  teach(samples: Samples, count: number): Taught {
    const { taught } = this.#programs.teacher!
    const values = this.session.run([this.feedSamples(samples, count)], [...taught.values()])
    return new Map([...taught.keys()].map((name, i) => [name, values[i]!]))
  }

  /** Logits of both in evaluation mode, [count, classes]. */
  predictBoth(samples: Samples, count: number): { readonly student: Float32Array; readonly teacher: Float32Array } {
    const outputs = [this.logits, this.#programs.teacher!.logits]
    const [student, teacher] = this.session.run([this.feedSamples(samples, count)], outputs)
    return { student: student!.values as Float32Array, teacher: teacher!.values as Float32Array }
  }

  /**
   * One update. Throws `run.not-finite` when the loss is not finite; nothing has changed then. A gradient that is not
   * finite under a finite loss throws too, but the update is done.
   */
  step(input: StepInput): StepResult {
    const { seed, scalars, optimizer, loss, parts, correct, norms, stepped } = this.#programs
    const values = optimizer.scalars(input.learningRate, this.#steps + 1)
    const feeds = [
      ...this.feedLabelled(input.samples, input.labels),
      feedSeed(seed, input.seed),
      ...Object.entries(scalars).map(([name, to]) => feedScalar(to, values[name]!)),
      ...this.#feedTaught(input.taught),
    ]
    const fetches = [loss, correct, ...norms.values(), ...parts.values(), stepped]
    const fetched = attempt(() => this.session.run(feeds, fetches))
    this.#steps++
    const [sum, right, ...rest] = fetched.map(({ values }) => values[0]!)
    const partSums = new Map([...parts.keys()].map((name, i) => [name, rest[norms.size + i]!]))
    const gradientNorms = new Map([...norms.keys()].map((name, i) => [name, rest[i]!]))
    for (const [name, norm] of gradientNorms)
      if (!Number.isFinite(norm)) throw notFinite(`The gradient norm of "${name}" is ${norm}.`)
    return { loss: sum!, correct: right!, parts: partSums, gradientNorms }
  }

  /** Sets some parameters, in ONNX layout; the optimizer goes on. */
  setWeights(weights: Weights): void {
    this.#assignValues(
      [...weights].map(([name, values]) => {
        return { variable: this.variables.get(name)!, parameter: this.parameter(name), values }
      }),
    )
  }

  /**
   * Updates running statistics only, to (1 - rate) x running + rate x those of this batch (variance unbiased). PyTorch's
   * update has rate .1; 1 / (k + 1) for batches k = 0, 1, ... gives the average of all of them. Dropout is on, as in
   * training; `seed` is for it.
   */
  recalibrate(samples: Samples, count: number, rate: number, seed = 0): void {
    const programs = this.#programs
    this.session.run(
      [this.feedSamples(samples, count), feedScalar(programs.statisticsRate, rate), feedSeed(programs.seed, seed)],
      [programs.recalibrated],
    )
  }

  /**
   * Gradients of the mean loss of a batch (without weight decay, before clipping and masks) by the trained parameters
   * `names`, in training mode. Changes nothing. Throws `run.not-finite`.
   */
  gradients(input: Omit<StepInput, 'learningRate'>, names: readonly string[]): Map<string, Float32Array> {
    const outputs = names.map(name => {
      const output = this.#programs.gradients.get(name)
      if (!output) throw new Error(`"${name}" is not trained`)
      return output
    })
    const feeds = [
      ...this.feedLabelled(input.samples, input.labels),
      feedSeed(this.#programs.seed, input.seed),
      ...this.#feedTaught(input.taught),
    ]
    const [, ...values] = attempt(() => this.session.run(feeds, [this.#programs.loss, ...outputs]))
    return new Map(names.map((name, i) => [name, toOnnx(this.parameter(name), values[i]!.values as Float32Array)]))
  }

  protected override parameter(name: string): Parameter {
    return this.#programs.own.get(name)?.parameter ?? super.parameter(name)
  }

  #feedTaught(taught: Taught = new Map()): Feed[] {
    return [...taught].map(([name, value]) => ({ to: this.#programs.teacher!.taught.get(name)!, ...value }))
  }

  /**
   * Sets the masks of all `masked` parameters (absent = everything kept) and zeroes the masked weights and what the
   * optimizer remembers of them.
   */
  assignMasks(masks: Masks): void {
    this.#assignMaskValues(this.#programs.masks, masks, 'masked')
    this.session.run([], [this.#programs.masksApplied])
  }

  /**
   * Sets the update masks of all `updateMasked` parameters (absent = everything is updated). From the next step on, entries
   * with 0 keep their values to the bit, and the optimizer what it remembers of them; norms and clipping leave them out.
   */
  assignUpdateMasks(masks: Masks): void {
    this.#assignMaskValues(this.#programs.updateMasks, masks, 'updateMasked')
  }

  /**
   * Sets what the terms of the gradients are made of (`gradient-terms.ts`), by trained parameter; absent = 0. They stay as
   * they are whatever else is assigned, and are no part of the state: who sets them has them.
   */
  assignTerms({ anchors, corrections }: { readonly anchors: Weights; readonly corrections: Weights }): void {
    const { terms } = this.#programs
    const given = [
      [terms.anchors, anchors],
      [terms.corrections, corrections],
    ] as const
    this.#assignValues(
      given.flatMap(([variables, values]) =>
        [...variables].map(([parameter, variable]) => {
          return {
            variable,
            parameter: this.parameter(parameter),
            values: values.get(parameter) ?? new Float32Array(elementCount(variable.shape)),
          }
        }),
      ),
    )
  }

  /** All that the next step depends on, apart from its input and the terms. */
  readState(): TrainingState {
    const places = [...this.#places]
    const values = this.session.run(
      [],
      places.map(([, { variable }]) => variable.value),
    )
    const state = new Map<string, Float32Array>([[stepsKey, Float32Array.of(this.#steps)]])
    for (const [i, [key, { parameter }]] of places.entries())
      state.set(key, toOnnx(this.parameter(parameter), values[i]!.values as Float32Array))
    return state
  }

  /** Throws `model.invalid` where the state is of another graph, optimizer or set of trained and masked parameters. */
  assignState(state: TrainingState): void {
    const steps = state.get(stepsKey)?.[0]
    const sizes = new Map([...this.#places].map(([key, { variable }]) => [key, elementCount(variable.shape)]))
    const odd = [...sizes].find(([key, size]) => state.get(key)?.length !== size)
    if (steps === undefined || odd || state.size !== sizes.size + 1)
      throw new EspalierError({
        code: 'model.invalid',
        message: `The training state does not fit${odd ? `: "${odd[0]}" has ${state.get(odd[0])?.length ?? 'no'} values, ${odd[1]} are needed` : ''}.`,
        rule: 'A state goes on with the model, the optimizer and the trained and masked parameters that it was taken of.',
      })
    this.#assignValues(
      [...this.#places].map(([key, { variable, parameter }]) => ({
        variable,
        parameter: this.parameter(parameter),
        values: state.get(key)!,
      })),
    )
    this.#steps = steps
  }

  #assignMaskValues(variables: ReadonlyMap<string, Variable>, masks: Masks, set: 'masked' | 'updateMasked'): void {
    for (const name of masks.keys())
      if (!variables.has(name)) throw new Error(`the mask of "${name}" would not be kept: it is not in "${set}"`)
    this.#assignValues(
      [...variables].map(([parameter, variable]) => {
        const mask = masks.get(parameter)
        const values = mask ? Float32Array.from(mask) : new Float32Array(elementCount(variable.shape)).fill(1)
        return { variable, parameter: this.parameter(parameter), values }
      }),
    )
  }

  /** The optimizer as before its first step. */
  #forget(): void {
    this.session.run([], [this.#programs.slotsCleared])
    this.#steps = 0
  }

  /** Values in ONNX layout. */
  #assignValues(
    entries: readonly { readonly variable: Variable; readonly parameter: Parameter; readonly values: Float32Array }[],
  ): void {
    this.session.run(
      entries.map(({ variable: { feed, shape }, parameter, values }) => {
        return { to: feed, shape, values: toTensorflow(parameter, values) }
      }),
      entries.map(({ variable }) => variable.assigned),
    )
  }
}

/** Unsigned as the signed integer with the same bits. */
const feedSeed = (to: Output, seed: number): Feed => ({ to, shape: [], values: Int32Array.of(seed | 0) })
const feedScalar = (to: Output, value: number): Feed => ({ to, shape: [], values: Float32Array.of(value) })

function attempt<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof EspalierError && error.message.includes(notFiniteLoss))
      throw notFinite('The loss is not a finite number.')
    throw error
  }
}

const notFinite = (message: string) =>
  new EspalierError({
    code: 'run.not-finite',
    message,
    rule: 'Training stops where a number is infinite or not a number.',
    hint: 'Try a smaller learning rate, a warm-up, or clipping.',
  })
