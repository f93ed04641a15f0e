/** One compiled graph for all stages of a job; it gets the weights of a model that it does not hold yet. */
import type { Graph, Model } from '../core/graph/model.ts'
import { CompiledModel, type CompileOptions } from './compile/compiled-model.ts'
import { TrainableModel } from './compile/training.ts'
import type { TrainingProgramOptions } from './compile/training-programs.ts'
import type { Engine } from './runtime/load.ts'

export interface Compiler {
  /** Any program that evaluates; one that trains too is as good. */
  compiled(model: Model): CompiledModel
  /** The optimizer begins anew, and everything is updated. */
  trainable(model: Model, options: TrainingProgramOptions): TrainableModel
  dispose(): void
}

/** `onCompile` is called before a graph is compiled, which takes a while. */
export function createCompiler(engine: Engine, options: CompileOptions, onCompile: () => void): Compiler {
  let current: { readonly graph: Graph; readonly programs: string; readonly compiled: CompiledModel } | undefined
  let held: Model | undefined

  function use<Compiled extends CompiledModel>(graph: Graph, programs: string, create: () => Compiled): Compiled {
    onCompile()
    current?.compiled.dispose()
    held = undefined
    const compiled = create()
    current = { graph, programs, compiled }
    return compiled
  }

  return {
    compiled(model) {
      const found = current?.graph === model.graph ? current.compiled : undefined
      const compiled = found ?? use(model.graph, '', () => new CompiledModel(engine, model.graph, options))
      // The programs of a training may know fewer masks; masked weights are zero in the model, and nothing trains here.
      if (held !== model) compiled.assign({ weights: model.weights, masks: new Map() })
      held = model
      return compiled
    },
    trainable(model, programs) {
      const text = JSON.stringify(programs, (_, value: unknown) => (value instanceof Set ? [...value] : value))
      const { graph } = model
      const found =
        current?.graph === graph && current.programs === text && current.compiled instanceof TrainableModel
          ? current.compiled
          : use(graph, text, () => new TrainableModel(engine, graph, { ...options, ...programs }))
      found.assign(model)
      found.assignUpdateMasks(new Map())
      // What it holds will change.
      held = undefined
      return found
    },
    dispose: () => current?.compiled.dispose(),
  }
}
