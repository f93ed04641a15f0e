/** Runs side by side. Pure: what is stored of runs in, the table out. */
import type { ComparedRun, Comparison, LayerSnapshot } from '../shared/domain.ts'
import { differingSettings, type Setting, settingsOf } from '../shared/settings.ts'
import type { StageOutcome } from '../shared/stages.ts'
import type { RunInputs } from './project/run-inputs.ts'
import type { StoredRun } from './project/runs.ts'

export interface RunToCompare {
  readonly run: StoredRun
  readonly layers: readonly LayerSnapshot[]
}

export function compareRuns(runs: readonly RunToCompare[]): Comparison {
  const settings = runs.map(({ run }) => settingsOf(run.recipe))
  return {
    runs: runs.map((run, index) => compareRun(run, settings[index]!)),
    differing: differingSettings(settings),
  }
}

function compareRun({ run, layers }: RunToCompare, settings: readonly Setting[]): ComparedRun {
  const { summary, recipe, inputs } = run
  const outcomes = summary.stages.flatMap(({ outcome }) => outcome ?? [])
  const evaluations = outcomes.flatMap(outcome => (outcome.use === 'evaluate' ? [outcome.result] : []))
  const last = outcomes.flatMap(scoreOf).at(-1)
  const first = evaluations.length > 1 ? evaluations[0] : undefined
  const counts = outcomes.at(-1)?.result
  const zeros = layers.at(-1)?.layers ?? []
  return {
    id: summary.id,
    number: summary.number,
    name: summary.name,
    seed: summary.seed,
    state: summary.state,
    model: inputs?.model.name ?? lastSegment(recipe.model.checkpoint) ?? recipe.model.architecture ?? '',
    data: inputs?.data.name ?? lastSegment(recipe.data.path) ?? '',
    accuracy: last?.accuracy ?? null,
    before: first ? { correct: first.correct, total: first.total, top1: first.top1, split: first.split } : null,
    zeros: counts?.zeros ?? null,
    weights: counts?.weights ?? null,
    sparsity: counts ? counts.zeros / counts.weights : null,
    ...macsOf(inputs, layers.at(-1)),
    seconds: outcomes.length > 0 ? summary.stages.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0) : null,
    layers: zeros.map(layer => ({ ...layer })),
    classes: last?.classes ?? [],
    settings: Object.fromEntries(settings.map(({ path, value }) => [path, value])),
  }
}

function scoreOf({ use, result }: StageOutcome): Pick<ComparedRun, 'accuracy' | 'classes'>[] {
  if (use !== 'evaluate' && use !== 'distill') return []
  const { correct, total, top1, loss, split, classes } = result
  const top5 = use === 'evaluate' ? result.top5 : null
  return [{ accuracy: { correct, total, top1, top5, loss, split }, classes }]
}

/**
 * Every weight of a layer is used equally often, so a layer's nonzero MACs are its MACs times its share of nonzero
 * weights: a whole number, since a layer's MACs are a multiple of its weights.
 */
function macsOf(inputs: RunInputs | null, snapshot: LayerSnapshot | undefined) {
  if (!inputs) return { macs: null, nonzeroMacs: null }
  const macs = inputs.layers.reduce((sum, layer) => sum + layer.macs, 0)
  if (!snapshot) return { macs, nonzeroMacs: null }
  const zerosOf = new Map(snapshot.layers.map(({ name, zeros }) => [name, zeros]))
  const nonzeroMacs = inputs.layers.reduce((sum, layer) => {
    const zeros = zerosOf.get(layer.name)
    if (layer.weights === null || zeros === undefined) return sum + layer.macs
    return sum + (layer.macs / layer.weights) * (layer.weights - zeros)
  }, 0)
  return { macs, nonzeroMacs: Math.round(nonzeroMacs) }
}

const lastSegment = (path: string | undefined): string | undefined => path?.split(/[\\/]/).filter(Boolean).at(-1)
