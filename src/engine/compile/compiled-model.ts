/**
 * A Model compiled to one TensorFlow graph. Its parameters are variables of the session, its programs are entry points
 * of that one graph (variables of different graphs are not shared): what `assign` sets, all of them see.
 */
import type { Dims } from '../../core/graph/dims.ts'
import type { Graph, Model, Parameter } from '../../core/graph/model.ts'
import type { Normalization } from '../../core/normalization.ts'
import type { Samples, SampleType } from '../../formats/datasets.ts'
import type { Engine } from '../runtime/load.ts'
import { GraphWriter, type Output, type Variable } from '../tensorflow/graph-writer.ts'
import { type Feed, type HostTensor, Session } from '../tensorflow/session.ts'
import { writeForward } from './forward.ts'
import { writeInput } from './input.ts'
import { activationsToOnnx, tensorflowDims, toOnnx, toTensorflow } from './layout.ts'
import { type ScoreOutputs, writeScore } from './score.ts'

export interface CompileOptions {
  readonly sampleType: SampleType
  readonly normalization: Normalization
}

/** Sums over one batch. */
export interface BatchScore {
  /** Sum of cross-entropies, in nats. Not finite when a logit is not. */
  readonly loss: number
  readonly top1: number
  readonly top5: number
  /** The class of each sample. */
  readonly predictions: Int32Array
}

/** What stands in for a part of the forward pass. */
export interface Given {
  readonly samples?: { readonly samples: Samples; readonly count: number }
  /** Values by name, as `runPart` gives them. */
  readonly values?: ReadonlyMap<string, HostTensor>
  /** Parameters by name, in ONNX layout, instead of the assigned ones; for this call only. */
  readonly parameters?: ReadonlyMap<string, Float32Array>
}

/** What other programs of the same graph share with those of `CompiledModel`. */
export interface CompiledParts {
  readonly writer: GraphWriter
  readonly graph: Graph
  /** By the name of the parameter. */
  readonly variables: ReadonlyMap<string, Variable>
  /** The samples, normalised. */
  readonly input: Output
  readonly labels: Output
  /** Of evaluation: [batch, classes]. */
  readonly logits: Output
}

export class CompiledModel {
  readonly graph: Graph
  readonly preprocessing: CompileOptions
  /** One sample without batch, as it is fed: [height, width, channels]. */
  readonly sampleShape: Dims
  protected readonly session: Session
  protected readonly variables: ReadonlyMap<string, Variable>
  readonly #samples: Output
  readonly #labels: Output
  /** Of all parameters: TensorFlow prepares a graph with one fetch in two thirds of the time that one for each takes. */
  readonly #assigned: Output
  readonly #score: ScoreOutputs
  /** Of evaluation: [batch, classes]. */
  protected readonly logits: Output
  readonly #folded: ReadonlyMap<string, Output>
  readonly #values: ReadonlyMap<string, Output>

  /** `extend` writes more programs into the graph before it is loaded. */
  constructor(engine: Engine, graph: Graph, options: CompileOptions, extend?: (parts: CompiledParts) => void) {
    const { sampleType, normalization } = options
    const writer = new GraphWriter(engine.protos)
    this.graph = graph
    this.preprocessing = { sampleType, normalization }
    this.sampleShape = imageLast(graph.input.dims)
    this.variables = new Map(
      Object.entries(graph.parameters).map(([name, parameter], index) => [
        name,
        writer.variable(`parameter${index}`, tensorflowDims(parameter)),
      ]),
    )
    this.#assigned = writer.marker(
      'parameters/assigned',
      [...this.variables.values()].map(({ assign }) => assign),
    )
    const parameters = new Map([...this.variables].map(([name, variable]) => [name, variable.value]))
    this.#samples = writer.placeholder('samples', sampleType, [-1, ...this.sampleShape])
    this.#labels = writer.placeholder('labels', 'int32', [-1])
    const input = writeInput(writer, this.#samples, normalization)
    this.#folded = writeForward(writer, graph, { input, parameters, fold: true })
    this.logits = this.#folded.get(graph.output.name)!
    this.#score = writeScore(writer, this.logits, this.#labels, graph.output.dims[0]!)
    // Folded convolutions skip the values in front of their normalisation: a probe has its own, unfolded pass.
    this.#values = writeForward(writer, graph, { input, parameters, fold: false })
    extend?.({ writer, graph, variables: this.variables, input, labels: this.#labels, logits: this.logits })
    this.session = new Session(engine, writer)
  }

  /** Sets every parameter. Masked weights become zero, whatever the model holds in their place. */
  assign({ weights, masks }: Pick<Model, 'weights' | 'masks'>): void {
    const feeds = [...this.variables].map(([name, { feed, shape }]) => {
      const mask = masks.get(name)
      const values = weights.get(name)!
      const kept = mask ? values.map((value, i) => (mask[i] === 0 ? 0 : value)) : values
      return { to: feed, shape, values: toTensorflow(this.parameter(name), kept) }
    })
    this.session.run(feeds, [this.#assigned])
  }

  /** A parameter's values now, in ONNX layout. */
  read(name: string): Float32Array {
    return this.readAll([name]).get(name)!
  }

  /** The same of many at once: TensorFlow prepares the whole graph anew for each set that it has not been asked for before. */
  readAll(names: readonly string[] = [...this.variables.keys()]): Map<string, Float32Array> {
    const parameters = names.map(name => this.parameter(name))
    const values = this.session.run(
      [],
      names.map(name => this.variables.get(name)!.value),
    )
    return new Map(names.map((name, i) => [name, toOnnx(parameters[i]!, values[i]!.values as Float32Array)]))
  }

  /** All parameters now, by name, in ONNX layout. */
  readParameters(): Map<string, Float32Array> {
    const variables = [...this.variables]
    const values = this.session.run(
      [],
      variables.map(([, { value }]) => value),
    )
    return new Map(
      variables.map(([name], i) => [name, toOnnx(this.parameter(name), values[i]!.values as Float32Array)]),
    )
  }

  evaluate(samples: Samples, labels: Int32Array): BatchScore {
    const { loss, top1, top5, predictions } = this.#score
    const feeds = this.feedLabelled(samples, labels)
    const [l, one, five, classes] = this.session.run(feeds, [loss, top1, top5, predictions])
    return {
      loss: l!.values[0]!,
      top1: one!.values[0]!,
      top5: five!.values[0]!,
      predictions: classes!.values as Int32Array,
    }
  }

  /** Logits, [count, classes]. */
  predict(samples: Samples, count: number): Float32Array {
    const [logits] = this.session.run([this.feedSamples(samples, count)], [this.logits])
    return logits!.values as Float32Array
  }

  /** Activations of the named values for each sample, in ONNX layout with batch: [count, C, H, W]. */
  probe(samples: Samples, count: number, names: readonly string[]): Map<string, Float32Array> {
    const outputs = names.map(name => {
      const output = this.#values.get(name)
      if (!output) throw new Error(`the graph has no value "${name}"`)
      return output
    })
    const values = this.session.run([this.feedSamples(samples, count)], outputs)
    return new Map(
      names.map((name, i) => [name, activationsToOnnx(values[i]!.shape, values[i]!.values as Float32Array)]),
    )
  }

  /**
   * A part of the pass that `predict` makes: the `wanted` values, computed from what is given instead of computing that.
   * Only values that the pass has (`suffixes.ts`); they come and go in TensorFlow's layout. Changes nothing.
   */
  runPart(
    { samples, values = new Map(), parameters = new Map() }: Given,
    wanted: readonly string[],
  ): Map<string, HostTensor> {
    const feeds = [
      ...(samples ? [this.feedSamples(samples.samples, samples.count)] : []),
      ...[...values].map(([name, value]) => ({ to: this.#foldedValue(name), ...value })),
      ...[...parameters].map(([name, value]) => {
        const variable = this.variables.get(name)!
        return { to: variable.value, shape: variable.shape, values: toTensorflow(this.parameter(name), value) }
      }),
    ]
    // A session does not fetch what it is fed.
    const missing = wanted.filter(name => !values.has(name))
    const fetched = this.session.run(
      feeds,
      missing.map(name => this.#foldedValue(name)),
    )
    return new Map([...values, ...missing.map((name, i) => [name, fetched[i]!] as const)])
  }

  #foldedValue(name: string): Output {
    const output = this.#folded.get(name)
    if (!output) throw new Error(`the folded graph has no value "${name}"`)
    return output
  }

  dispose(): void {
    this.session.dispose()
  }

  protected feedSamples(samples: Samples, count: number): Feed {
    return { to: this.#samples, shape: [count, ...this.sampleShape], values: samples }
  }

  protected feedLabelled(samples: Samples, labels: Int32Array): Feed[] {
    return [this.feedSamples(samples, labels.length), { to: this.#labels, shape: [labels.length], values: labels }]
  }

  protected parameter(name: string): Parameter {
    const parameter = this.graph.parameters[name]
    if (!parameter) throw new Error(`the graph has no parameter "${name}"`)
    return parameter
  }
}

/** [C, H, W] as [H, W, C]; features stay as they are. */
const imageLast = (dims: Dims): Dims => (dims.length === 3 ? [...dims.slice(1), dims[0]!] : dims)
