/** A teacher beside the network that is trained, in the same graph: in evaluation mode, on the same augmented batch, never changed. */
import type { Graph, Parameter } from '../../core/graph/model.ts'
import type { Output, Variable } from '../tensorflow/graph-writer.ts'
import type { CompiledParts } from './compiled-model.ts'
import type { DistillationLoss, DistillationLossOptions } from './distillation-loss.ts'
import { distillationLoss } from './distillation-losses.ts'
import { writeForward } from './forward.ts'
import { tensorflowDims } from './layout.ts'

export interface DistillationOptions {
  readonly teacher: Graph
  /** Share of the loss that is distillation's; cross-entropy has the rest. */
  readonly alpha: number
  readonly loss: DistillationLossOptions
}

export interface Teacher {
  /** By parameter. */
  readonly variables: ReadonlyMap<string, Variable>
  readonly logits: Output
  /** What the loss reads of it, by name, the logits included. Whoever knows these values already feeds them. */
  readonly taught: ReadonlyMap<string, Output>
}

/** Parameters of the loss that are trained with the student and are no part of it. */
export const ownParameters = (options: DistillationOptions | undefined): Readonly<Record<string, Parameter>> =>
  options ? distillationLoss(options.loss.kind).parameters(options.loss) : {}

/** Batch normalisation is folded into the convolutions: a teacher's never moves. */
export function writeTeacher({ writer, input }: CompiledParts, { teacher, loss }: DistillationOptions): Teacher {
  const variables = new Map(
    Object.entries(teacher.parameters).map(([name, parameter], index) => [
      name,
      writer.variable(`teacher${index}`, tensorflowDims(parameter)),
    ]),
  )
  const parameters = new Map([...variables].map(([name, variable]) => [name, variable.value]))
  const values = writeForward(writer, teacher, { input, parameters, fold: true })
  const read = [teacher.output.name, ...distillationLoss(loss.kind).reads(loss)]
  return {
    variables,
    logits: values.get(teacher.output.name)!,
    taught: new Map(read.map(name => [name, values.get(name)!])),
  }
}

interface LossInputs {
  /** Values of the student in training mode, by name. */
  readonly student: ReadonlyMap<string, Output>
  readonly count: Output
  readonly parameters: ReadonlyMap<string, Output>
}

export function writeDistillationLoss(
  { writer, graph }: CompiledParts,
  { teacher: { output }, alpha, loss }: DistillationOptions,
  teacher: Teacher,
  { student, count, parameters }: LossInputs,
): DistillationLoss {
  return distillationLoss(loss.kind).write(writer, loss, {
    student,
    teacher: teacher.taught,
    logits: { student: graph.output.name, teacher: output.name },
    count,
    weight: alpha,
    parameters,
  })
}
