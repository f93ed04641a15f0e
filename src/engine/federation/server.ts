/** What the server does at the end of a round: it makes one model of those it got, and scores it. */
import { combineModels } from '../../core/federation/aggregate.ts'
import { nextServerVariates } from '../../core/federation/control-variates.ts'
import { sampleShares } from '../../core/federation/strategy.ts'
import type { Weights } from '../../core/graph/model.ts'
import { deriveSeed } from '../../core/random.ts'
import { epochOrder } from '../../core/training/order.ts'
import { batches } from '../../formats/batches.ts'
import { EspalierError } from '../../shared/errors.ts'
import { plural } from '../../shared/plural.ts'
import { type ValidationScore, validate } from '../training/validate.ts'
import type { FederationMemory } from './memory.ts'
import type { Visit } from './position.ts'
import type { Setting } from './setting.ts'

type Counted = Visit & { readonly work: NonNullable<Visit['work']> }
const isCounted = (visit: Visit): visit is Counted => visit.work !== null

/**
 * Takes what the clients of the round sent into the server's model. Throws `run.failed` where it came to nothing for another
 * reason than drop-outs, which may well take everybody for a round.
 */
export function aggregate(setting: Setting, memory: FederationMemory): void {
  const { strategy, trained, statistics, stage, mode, isFederated } = setting
  if (mode.carriedDown === 'changes') memory.previous = memory.server
  const counted = memory.place.visits.filter(isCounted)
  if (counted.length === 0) {
    requireDropOuts(memory)
    return
  }
  if (!isFederated && !strategy.pooled) return
  const updates = counted.map(({ client }) => memory.updates.get(client)!)
  const parts = setting.parts && counted.map(({ client }) => setting.parts![client]!)
  const next = new Map(memory.server)
  const mix = (names: readonly string[], models: readonly Weights[], coefficients: readonly number[]) => {
    const base = new Map(names.map(name => [name, memory.server.get(name)!]))
    for (const [name, values] of combineModels(base, models, coefficients, parts)) next.set(name, values)
  }
  const work = counted.map(visit => visit.work)
  mix(trained, updates, strategy.coefficients(work))
  // Statistics are means and variances: they are averaged by samples, whatever the strategy does with weights.
  const measured = stage.batchNorm === 'local' && isFederated
  const kept = measured ? counted.map(({ client }) => memory.own.get(client)!) : updates
  if (kept[0]!.has(statistics[0] ?? '')) mix(statistics, kept, sampleShares(work))
  memory.server = mode.afterRound?.(next) ?? next
  if (setting.terms.variates)
    memory.variates = nextServerVariates(
      memory.variates,
      counted.map(({ client }) => memory.changes.get(client)!),
      setting.holders.length,
    )
}

function requireDropOuts({ place }: FederationMemory): void {
  const fault = place.visits.find(({ record }) => record.state !== 'dropped')
  if (!fault) return
  const { client, note = '' } = fault.record
  throw new EspalierError({
    code: 'run.failed',
    message: `In round ${place.rounds.length + 1} none of ${plural(place.visits.length, 'client')} came to a model. Client ${client}: ${note}`,
    rule: 'A client that fails is left out of its round; a round needs one that does not.',
    hint: 'Try a smaller learning rate, a later deadline, or more clients a round.',
  })
}

/** The server's model with statistics of a few training samples, those of a drawn order that are the same in every round. */
export async function recalibrate(setting: Setting, memory: FederationMemory): Promise<void> {
  const { stage, context, compiled, training, statistics, seed, masks } = setting
  if (statistics.length === 0) return
  const { batch, recalibrationBatches } = stage
  const order = epochOrder(training.indices, deriveSeed(seed, 'recalibration'), 0)
  // A short last batch would weigh as much as the others.
  const whole = Math.min(recalibrationBatches, Math.floor(order.length / batch))
  const chosen = order.subarray(0, whole === 0 ? order.length : whole * batch)
  compiled.assign({ weights: memory.server, masks })
  let place = 0
  for await (const { samples, count } of batches(training.split, chosen, batch, context.dataset, context.signal)) {
    compiled.recalibrate(samples, count, 1 / (place + 1), deriveSeed(seed, 'recalibration', place))
    place++
    await context.breathe()
  }
  const measured = compiled.readParameters()
  memory.server = new Map([...memory.server].map(([name]) => [name, measured.get(name)!]))
}

/** On validation; the loss is null where it is a mean over clients. */
export interface RoundScore {
  readonly top1: number
  readonly loss: number | null
}

/** How good the round left the federation; null where there is no validation. */
export async function scoreRound(
  setting: Setting,
  memory: FederationMemory,
  tell: () => Promise<void>,
): Promise<RoundScore | null> {
  const { stage, context, compiled, validation, masks, clientScoring, statistics } = setting
  if (!validation) return null
  if (setting.strategy.beginsWith === 'own') return { top1: meanScore(setting, memory.place.scores), loss: null }
  if (stage.batchNorm === 'local' && clientScoring && memory.own.size > 0 && statistics.length > 0) {
    const scores = Array<number | null>(setting.holders.length).fill(null)
    for (const [client, own] of memory.own) {
      compiled.assign({ weights: new Map([...memory.server, ...own]), masks })
      scores[client] = (await validate(compiled, clientScoring, stage.batch, context, context.breathe)).top1
    }
    return { top1: meanScore(setting, scores), loss: null }
  }
  compiled.assign({ weights: memory.server, masks })
  const score: ValidationScore = await validate(compiled, validation, stage.batch, context, tell)
  return score
}

/** Mean over the clients that were scored, each by its samples. */
function meanScore({ holders }: Setting, scores: readonly (number | null)[]): number {
  let [sum, samples] = [0, 0]
  for (const [client, score] of scores.entries()) {
    if (score === null) continue
    sum += holders[client]!.length * score
    samples += holders[client]!.length
  }
  return samples === 0 ? 0 : sum / samples
}
