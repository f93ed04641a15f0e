/**
 * A federation on one machine: the clients of a round take turns in one compiled graph, whose variables are swapped. Where
 * it is (round, client, epoch, step) is all there is to remember beside the models: everything random is drawn by keys.
 */
import type { Weights } from '../../core/graph/model.ts'
import { layerSparsity } from '../../core/pruning/sparsity.ts'
import { EspalierError } from '../../shared/errors.ts'
import type { RoundRecord } from '../../shared/federation.ts'
import type { RoundProgress } from '../../shared/federation-report.ts'
import { createMeter } from '../training/meter.ts'
import { agreementOf } from './agreement.ts'
import type { LocalStep } from './local-training.ts'
import type { SavedFederation } from './memory.ts'
import { aggregate, type RoundScore, recalibrate, scoreRound } from './server.ts'
import { clientsOf, type Setting } from './setting.ts'
import { type Download, prepareDownload, visit } from './visit.ts'

export interface FederationOutcome {
  readonly weights: Weights
  readonly rounds: readonly RoundRecord[]
  readonly kept: number
}

export async function runFederation(setting: Setting, saved: SavedFederation): Promise<FederationOutcome> {
  const { stage, context, validation } = setting
  const { record } = context
  const { memory } = saved
  const { place, position } = memory
  const meter = createMeter(position)
  const progress = createWork(setting)
  let lastRate: number | undefined
  const tellPoints = (values: Readonly<Record<string, number>>) =>
    record.points(place.steps, setting.isTwin ? renamed(values) : values)

  /** `done` samples of the client in training, or of scoring. */
  function tell(done: number): Promise<void> {
    const { length: round } = place.rounds
    const { length: visited } = place.visits
    const clients = clientsOf(setting, round)
    const client = clients[visited]
    const [begins, ends] = [progress.before(round, 0), progress.before(round + 1, 0)]
    const at = progress.before(round, visited) + done
    const now: RoundProgress = {
      ...{ isTwin: setting.isTwin, round: round + 1, rounds: stage.rounds },
      ...{ client: client === undefined ? null : client + 1, visited, clients: clients.length },
      ...{ done: at - begins, total: ends - begins },
    }
    return context.step(at, progress.all, { round: now })
  }

  async function afterStep({ loss, gradientNorm, learningRate, count }: LocalStep): Promise<void> {
    place.steps++
    meter.lap(count)
    const isRateNews = learningRate !== lastRate
    lastRate = learningRate
    tellPoints({
      loss,
      gradientNorm,
      ...(isRateNews && { learningRate }),
      ...(record.isDue() && meter.machine()),
    })
    await tell(position.sums.samples)
    await saved.saveIfDue()
  }

  async function workRound(): Promise<void> {
    const clients = clientsOf(setting, place.rounds.length)
    let download: Download | undefined
    while (place.visits.length < clients.length) {
      const client = clients[place.visits.length]!
      download ??= await prepareDownload(setting, memory)
      await visit(setting, memory, client, download, { afterStep, breathe: context.breathe })
      meter.lap(0)
      await tell(0)
      await saved.saveIfDue()
    }
  }

  async function endRound(): Promise<void> {
    const { visits } = place
    const round = place.rounds.length + 1
    const began = memory.server
    const updates = [...memory.updates.values()]
    const { server, previous, variates } = memory
    const before = { server, previous, variates }
    let score: RoundScore | null
    try {
      aggregate(setting, memory)
      if (stage.batchNorm === 'recalibrated' && setting.isFederated) await recalibrate(setting, memory)
      let scored = 0
      score = await scoreRound(setting, memory, () => {
        scored = Math.min(scored + stage.batch, validation!.indices.length)
        return tell(scored)
      })
    } catch (thrown) {
      // It will be done again, from what the clients sent.
      Object.assign(memory, before)
      throw thrown
    }
    if (score?.loss != null && !Number.isFinite(score.loss)) throw notFinite(round, score.loss)
    meter.lap(0)
    const agreement = agreementOf(updates, began, setting.prunable, setting.mode.carried)
    const layers = layerSparsity(context.model.graph, memory.server)
    const trained = visits.flatMap(visit => (visit.work ? [visit] : []))
    const done: RoundRecord = {
      round,
      top1: score?.top1 ?? null,
      loss: score?.loss ?? null,
      upBytes: visits.reduce((sum, visit) => sum + visit.record.upBytes, 0),
      downBytes: visits.reduce((sum, visit) => sum + visit.record.downBytes, 0),
      sparsity: share(layers.map(layer => layer.zeros)) / share(layers.map(layer => layer.weights)),
      ...(agreement !== undefined && setting.isFederated && { agreement }),
      clients: visits.map(visit => visit.record),
      seconds: position.sums.seconds,
    }
    const mean = (value: (visit: (typeof trained)[number]) => number | null) =>
      share(trained.map(visit => visit.work!.samples * value(visit)!)) /
      share(trained.map(visit => visit.work!.samples))
    if (!setting.isTwin) record.points(place.steps, { round, epoch: round * stage.localEpochs })
    tellPoints({
      ...(trained.length > 0 && {
        trainLoss: mean(visit => visit.record.trainLoss),
        trainTop1: mean(visit => visit.record.trainTop1),
      }),
      ...(done.top1 !== null && { valTop1: done.top1 }),
      ...(done.loss !== null && { valLoss: done.loss }),
      upBytes: done.upBytes,
      downBytes: done.downBytes,
    })
    if (done.sparsity > 0 && !setting.isTwin) record.layers(place.steps, layers)
    record.federation(place.steps, { kind: 'round', isTwin: setting.isTwin, round: done })
    offerBest(round, score)
    place.rounds.push(done)
    place.visits = []
    memory.updates.clear()
    memory.changes.clear()
    position.seconds += position.sums.seconds
    position.sums.seconds = 0
  }

  /** What the next stage would get. */
  function handedOn(): Weights {
    if (setting.strategy.beginsWith === 'server') return memory.server
    const best = place.scores.reduce<number>(
      (best, score, client) => ((score ?? -1) > (place.scores[best] ?? -1) ? client : best),
      0,
    )
    return memory.own.get(best) ?? memory.server
  }

  function offerBest(round: number, score: RoundScore | null): void {
    if (!score) return
    const { best } = position
    const loss = score.loss ?? 0
    if (best && (score.top1 < best.top1 || (score.top1 === best.top1 && loss >= best.loss))) return
    position.best = { epoch: round, top1: score.top1, loss }
    memory.best = handedOn()
  }

  try {
    while (place.rounds.length < stage.rounds) {
      await workRound()
      await endRound()
      await saved.save()
    }
  } catch (thrown) {
    await saved.save()
    throw thrown
  }
  record.flush()
  const isBest = stage.keep === 'best' && position.best !== null
  return {
    weights: isBest ? memory.best : handedOn(),
    rounds: place.rounds,
    kept: isBest ? position.best!.epoch : place.rounds.length,
  }
}

const share = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)

const notFinite = (round: number, loss: number) =>
  new EspalierError({
    code: 'run.not-finite',
    message: `After round ${round}, the validation loss is ${loss}.`,
    rule: 'Training stops where a number is infinite or not a number.',
    hint: 'Try a smaller learning rate, or clipping.',
  })

const renamed = (values: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`twin.${name}`, value]))

/** Samples that are trained on and scored, in all and before a client of a round. */
function createWork(setting: Setting) {
  const { stage, holders, validation, isTwin } = setting
  const scored = validation?.indices.length ?? 0
  /** By round, before each of its clients, and before scoring. */
  const before: number[][] = []
  let all = 0
  for (let round = 0; round < stage.rounds; round++) {
    const marks: number[] = []
    for (const client of clientsOf(setting, round)) {
      marks.push(all)
      all += holders[client]!.length * stage.localEpochs
    }
    marks.push(all)
    all += scored
    before.push(marks)
  }
  // A twin does the same work before.
  const [parts, done] = stage.twin ? [2, isTwin ? 0 : all] : [1, 0]
  return { all: parts * all, before: (round: number, visits: number) => done + (before[round]?.[visits] ?? all) }
}
