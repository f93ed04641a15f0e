/** The programs of training, written into the graph of a compiled model. */
import { isTrainable } from '../../core/graph/cost.ts'
import type { Graph, Parameter } from '../../core/graph/model.ts'
import type { GraphWriter, Output, Variable } from '../tensorflow/graph-writer.ts'
import type { CompiledParts } from './compiled-model.ts'
import {
  type DistillationOptions,
  ownParameters,
  type Teacher,
  writeDistillationLoss,
  writeTeacher,
} from './distillation.ts'
import { type GradientGroup, writeGroups } from './gradient-groups.ts'
import { type GradientTermOptions, type GradientTerms, withTerms } from './gradient-terms.ts'
import { tensorflowDims } from './layout.ts'
import { addGradients } from './loss.ts'
import { crossEntropy } from './losses/cross-entropy.ts'
import type { Optimizer, OptimizerOptions } from './optimizer.ts'
import { createOptimizer } from './optimizers.ts'
import { writeCorrect } from './score.ts'
import { type StepSalienceOptions, writeStepSet } from './step-salience.ts'
import { type TrainingPass, writeTrainingPass } from './training-pass.ts'
import { UpdateMask } from './update-masks.ts'

export interface TrainingProgramOptions {
  /**
   * bf16: the values of the network are bfloat16 in training, as under PyTorch's autocast. Weights, gradients by them,
   * optimizer, statistics and losses stay float32, and so does everything outside training.
   */
  readonly precision: 'f32' | 'bf16'
  readonly optimizer: OptimizerOptions
  /** Share of the target that is spread over all classes evenly: (1 - s) NLL + s mean_c(-log p_c). */
  readonly labelSmoothing: number
  /** Parameters to train; all but the running statistics where absent. The backward pass is no longer than these need. */
  readonly trained?: ReadonlySet<string>
  /** Parameters that have a mask: a step leaves their masked weights zero. Each costs a float32 a weight. */
  readonly masked?: ReadonlySet<string>
  /** Trained parameters that have an update mask (`update-masks.ts`): which of their entries a step may change. */
  readonly updateMasked?: ReadonlySet<string>
  /** Trained parameters of which a step changes the most salient entries only (`step-salience.ts`). */
  readonly salience?: StepSalienceOptions
  /** What is added to the gradients of all trained parameters; nothing where absent. */
  readonly terms?: GradientTermOptions
  /** Whose gradients are measured, and perhaps clipped, together. One group of everything that is trained where absent. */
  readonly groups?: readonly GradientGroup[]
  /** A teacher, and what is minimised beside cross-entropy to come near it. */
  readonly distillation?: DistillationOptions
}

/** Entry points of the graph: what to feed and what to fetch. */
export interface TrainingPrograms {
  readonly optimizer: Optimizer
  readonly seed: Output
  readonly scalars: Readonly<Record<string, Output>>
  readonly statisticsRate: Output
  readonly loss: Output
  /** What the loss is made of, by name: sums over the batch. Empty where it is one. */
  readonly parts: ReadonlyMap<string, Output>
  readonly correct: Output
  /** By group. */
  readonly norms: ReadonlyMap<string, Output>
  readonly stepped: Output
  readonly recalibrated: Output
  /** By trained parameter: of the mean loss, as they come. */
  readonly gradients: ReadonlyMap<string, Output>
  /** Zeroes what is masked. */
  readonly masksApplied: Output
  /** Zeroes all slots, and what has joined. */
  readonly slotsCleared: Output
  /** By parameter. */
  readonly masks: ReadonlyMap<string, Variable>
  readonly updateMasks: ReadonlyMap<string, Variable>
  /** Parameters of the loss, which are no part of the model, by name. */
  readonly own: ReadonlyMap<string, { readonly variable: Variable; readonly parameter: Parameter }>
  readonly teacher: Teacher | undefined
  /** By parameter: which of its entries have changed, where `salience` says so. */
  readonly joined: ReadonlyMap<string, Variable>
  readonly terms: GradientTerms
  /** By slot and parameter. */
  readonly slots: ReadonlyMap<string, ReadonlyMap<string, Variable>>
}

/** What `CheckNumerics` says, so that its error is known again. */
export const notFiniteLoss = 'espalier: the loss is not finite'

export function writeTrainingPrograms(parts: CompiledParts, options: TrainingProgramOptions): TrainingPrograms {
  const { writer, graph, variables, labels } = parts
  const trained = options.trained ?? allTrainable(graph)
  const groups = options.groups ?? [{ name: 'all', parameters: trained }]
  checkSets(graph, trained, options, groups)
  const optimizer = createOptimizer(options.optimizer)
  const seed = writer.placeholder('seed', 'int32', [])
  const statisticsRate = writer.placeholder('statistics-rate', 'float32', [])
  const scalars = mapObject(optimizer.scalars(0, 1), (_, name) =>
    writer.placeholder(`optimizer/${name}`, 'float32', []),
  )
  const { distillation } = options
  const ownOf = ownParameters(distillation)
  const parameters = { ...graph.parameters, ...ownOf }
  const extra = (kind: string, names: Iterable<string>) => writeVariables(writer, parameters, kind, names)
  const masks = extra('mask', options.masked ?? [])
  const updateMasks = extra('update-mask', options.updateMasked ?? [])
  const own = extra('own', Object.keys(ownOf))
  const joined = extra('joined', options.salience?.parameters ?? [])
  const termOptions = options.terms ?? { proximal: 0, corrected: false }
  const terms = {
    anchors: extra('anchor', termOptions.proximal === 0 ? [] : trained),
    corrections: extra('correction', termOptions.corrected ? trained : []),
  }
  const slots = new Map(optimizer.slots.map(slot => [slot, extra(slot, [...trained, ...own.keys()])]))

  const pass = writeTrainingPass(writer, graph, {
    input: writer.as(parts.input, options.precision === 'bf16' ? 'bfloat16' : 'float32'),
    parameters: new Map([...variables].map(([name, { value }]) => [name, value])),
    trained,
    seed,
  })
  const { name } = graph.output
  const logits = writer.as(pass.values.get(name)!, 'float32')
  const classes = graph.output.dims[0]!
  const count = countOf(writer, labels)
  const { labelSmoothing: smoothing } = options
  const weight = 1 - (distillation?.alpha ?? 0)
  const entropy = crossEntropy(writer, { name, logits, labels, classes, count, smoothing, weight })
  const teacher = distillation && writeTeacher(parts, distillation)
  const distilled =
    teacher &&
    writeDistillationLoss(parts, distillation, teacher, {
      student: new Map([...pass.values, [name, logits]]),
      count,
      parameters: new Map([...own].map(([name, { value }]) => [name, value])),
    })
  const losses = [entropy, ...(distilled ? [distilled] : [])]
  const loss = writer.sum(losses.map(({ sum }) => sum))
  const gradients = new Map([
    ...pass.backward(addGradients(losses, terms => writer.sum(terms))),
    ...(distilled?.parameterGradients ?? []),
  ])

  // Every change waits for this, so that a loss that is not finite changes nothing.
  const checked = writer.node('CheckNumerics', [loss], 'float32', {
    attributes: { T: { type: 'float32' }, message: { string: notFiniteLoss } },
  })
  const updating = new Map([...updateMasks].map(([name, mask]) => [name, new UpdateMask(writer, mask.value)]))
  const joining: Output[] = []
  const unmasked = new Map(
    [...gradients].map(([name, ofLoss]) => {
      const parameter = variables.get(name) ?? own.get(name)!
      const full = withTerms(writer, ofLoss, termOptions, {
        parameter,
        anchor: terms.anchors.get(name),
        correction: terms.corrections.get(name),
      })
      const mask = masks.get(name)
      const gradient = mask ? writer.binary('Mul', full, mask.value) : full
      const before = joined.get(name)
      if (options.salience && before) {
        const set = writeStepSet(writer, options.salience, { parameter, gradient, joined: before }, checked)
        updating.set(name, new UpdateMask(writer, set.mask))
        joining.push(set.joined)
      }
      return [name, updating.get(name)?.gradient(gradient) ?? gradient]
    }),
  )
  const grouped = writeGroups(writer, unmasked, groups)
  const guard = (scalar: Output, after: readonly Output[] = []) =>
    writer.node('Identity', [scalar], 'float32', { attributes: { T: { type: 'float32' } }, after: [checked, ...after] })
  const guarded = mapObject(scalars, scalar => guard(scalar))
  const updates = [...grouped.gradients].flatMap(([name, gradient]) => {
    const variable = variables.get(name) ?? own.get(name)!
    const remembered = [...slots].map(([slot, of]) => [slot, of.get(name)!] as const)
    const update = { variable, gradient, slots: Object.fromEntries(remembered) }
    const mask = updating.get(name)
    if (!mask) return [optimizer.write(writer, { ...update, scalars: guarded })]
    const changing = [variable, ...remembered.map(([, slot]) => slot)]
    const read = changing.map(({ value }) => value)
    const updated = optimizer.write(writer, { ...update, scalars: mapObject(scalars, scalar => guard(scalar, read)) })
    return mask.takeBack(changing, updated)
  })
  const moveStatistics = (rate: (own: number) => Output) => writeStatistics(writer, pass, variables, rate)
  return {
    optimizer,
    seed,
    scalars,
    statisticsRate,
    loss: checked,
    parts: new Map(distilled ? losses.flatMap(({ parts }) => [...parts]) : []),
    correct: writeCorrect(writer, logits, labels),
    norms: grouped.norms,
    stepped: writer.marker('stepped', [...updates, ...joining, ...moveStatistics(own => guard(writer.scalar(own)))]),
    recalibrated: writer.marker(
      'recalibrated',
      moveStatistics(() => statisticsRate),
    ),
    gradients,
    masksApplied: writer.marker('masks-applied', writeMasksApplied(writer, masks, [variables, ...slots.values()])),
    slotsCleared: writer.marker('slots-cleared', writeSlotsCleared(writer, [...slots.values(), joined])),
    masks,
    updateMasks,
    own: new Map([...own].map(([name, variable]) => [name, { variable, parameter: ownOf[name]! }])),
    teacher,
    joined,
    terms,
    slots,
  }
}

const allTrainable = (graph: Graph) =>
  new Set(Object.entries(graph.parameters).flatMap(([name, { role }]) => (isTrainable(role) ? [name] : [])))

/** Wrong sets are mistakes of the caller: nothing that a person gives us names parameters one by one. */
function checkSets(
  graph: Graph,
  trained: ReadonlySet<string>,
  { masked, updateMasked, salience }: TrainingProgramOptions,
  groups: readonly GradientGroup[],
): void {
  const trainable = allTrainable(graph)
  for (const name of trained) if (!trainable.has(name)) throw new Error(`"${name}" is no parameter that can be trained`)
  for (const name of masked ?? [])
    if (graph.parameters[name]?.role !== 'weight') throw new Error(`"${name}" is no parameter that can be pruned`)
  for (const name of updateMasked ?? [])
    if (!trained.has(name)) throw new Error(`"${name}" has an update mask and is not trained`)
  const clipped = groups.flatMap(({ parameters, maxNorm }) => (maxNorm === undefined ? [] : [...parameters]))
  if (new Set(clipped).size < clipped.length) throw new Error('a parameter is clipped in two groups')
  for (const name of salience?.parameters ?? [])
    if (!trained.has(name) || updateMasked?.has(name)) throw new Error(`"${name}" cannot have a salient set`)
}

/** A variable of the shape of each parameter in `names`. */
function writeVariables(
  writer: GraphWriter,
  parameters: Readonly<Record<string, Parameter>>,
  kind: string,
  names: Iterable<string>,
) {
  const order = Object.keys(parameters)
  return new Map(
    [...names].map(name => [name, writer.variable(`${kind}${order.indexOf(name)}`, tensorflowDims(parameters[name]!))]),
  )
}

const countOf = (writer: GraphWriter, labels: Output) =>
  writer.cast(
    writer.node('Size', [labels], 'int32', { attributes: { T: { type: 'int32' }, out_type: { type: 'int32' } } }),
    'float32',
  )

/** running -= rate (running - batch), for each running statistic. */
function writeStatistics(
  writer: GraphWriter,
  { statistics }: TrainingPass,
  variables: ReadonlyMap<string, Variable>,
  rate: (own: number) => Output,
): Output[] {
  return [...statistics].map(([name, statistic]) => {
    const { handle, value } = variables.get(name)!
    const inputs = [handle, rate(statistic.rate), writer.binary('Sub', value, statistic.value)]
    return writer.node('ResourceApplyGradientDescent', inputs, 'resource', {
      attributes: { T: { type: 'float32' }, use_locking: { bool: false } },
    })
  })
}

function writeSlotsCleared(writer: GraphWriter, places: readonly ReadonlyMap<string, Variable>[]): Output[] {
  const variables = places.flatMap(place => [...place.values()])
  return variables.map(variable => writer.assign(variable, writer.filled(variable.shape, 0)))
}

/** Parameters and slots with 0 where the mask is 0. */
function writeMasksApplied(
  writer: GraphWriter,
  masks: ReadonlyMap<string, Variable>,
  places: readonly ReadonlyMap<string, Variable>[],
): Output[] {
  return [...masks].flatMap(([name, mask]) => {
    const isKept = writer.compare('Greater', mask.value, writer.scalar(0))
    return places.flatMap(place => {
      const variable = place.get(name)
      return variable ? [writer.assign(variable, writer.select(isKept, variable.value, writer.scalar(0)))] : []
    })
  })
}

const mapObject = <A, B>(object: Readonly<Record<string, A>>, map: (value: A, key: string) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]))
