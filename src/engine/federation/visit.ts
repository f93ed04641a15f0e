/** One client in one round: it gets a model, trains it on its samples, and sends it back. */
import { correction, nextVariates } from '../../core/federation/control-variates.ts'
import { dropsOut, stepsInTime } from '../../core/federation/participation.ts'
import type { Weights } from '../../core/graph/model.ts'
import { type ErrorCode, EspalierError } from '../../shared/errors.ts'
import type { ClientRound } from '../../shared/federation.ts'
import { isFiniteState } from '../training/saved-training.ts'
import { validate } from '../training/validate.ts'
import { type Parcel, send, sendPart } from './exchange.ts'
import { type LocalStep, reachOfSteps, stepsOfEpoch, trainLocally } from './local-training.ts'
import type { FederationMemory } from './memory.ts'
import { clientSeed, type Setting } from './setting.ts'

/** What the server sends to the clients of a round. */
export interface Download {
  /** To a client that got the model of the round before, and to any other. */
  readonly bytes: { readonly known: number; readonly unknown: number }
  readonly model: Weights
  readonly variates: Weights
}

export async function prepareDownload(setting: Setting, memory: FederationMemory): Promise<Download> {
  const { isFederated, parts, down, variates, mode } = setting
  const set = await announce(setting, memory)
  // Where clients hold parts, each gets its own (`received`).
  if (!isFederated || parts) return { bytes: { known: 0, unknown: 0 }, model: memory.server, variates: new Map() }
  const model = send(down, memory.server, 'values', new Map())
  const isKnown = mode.carriedDown === 'changes' && memory.previous.size > 0
  const changes = isKnown ? send(down, memory.server, 'changes', memory.previous) : model
  const more = variates.length > 0 ? send(variates, memory.variates, 'values', new Map()) : undefined
  const beside = set + (more?.bytes ?? 0)
  return {
    bytes: { known: Math.min(model.bytes, changes.bytes) + beside, unknown: model.bytes + beside },
    model: model.tensors,
    variates: more?.tensors ?? new Map(),
  }
}

/** What one client gets of it, and what that weighs. */
function received(setting: Setting, memory: FederationMemory, client: number, { bytes, model }: Download) {
  const part = setting.parts?.[client]
  if (part) {
    const parcel = sendPart(setting.down, memory.server, part)
    return { model: parcel.tensors, bytes: parcel.bytes }
  }
  return { model, bytes: setting.isFederated ? bytes[hasPrevious(memory, client) ? 'known' : 'unknown'] : 0 }
}

/** Lets the mode look at the model of the server. A client that is in training goes on as if nothing had been. */
async function announce({ compiled, mode, masks }: Setting, memory: FederationMemory): Promise<number> {
  if (!mode.beforeRound) return 0
  const session = memory.place.isTraining ? compiled.readState() : undefined
  const bytes = await mode.beforeRound({ round: memory.place.rounds.length, compiled, weights: memory.server, masks })
  if (session) compiled.assignState(session)
  return bytes
}

/** Who got the model of the round before, and so has what the changes are to. */
const hasPrevious = ({ place }: FederationMemory, client: number): boolean =>
  place.rounds.at(-1)?.clients.some(visited => visited.client === client + 1) ?? false

export interface VisitHooks {
  readonly afterStep: (step: LocalStep) => Promise<void>
  readonly breathe: () => Promise<void>
}

/** Adds the visit of `client` to the memory, with its update. Goes on in the middle where the memory says so. */
export async function visit(
  setting: Setting,
  memory: FederationMemory,
  client: number,
  download: Download,
  hooks: VisitHooks,
): Promise<void> {
  const { stage, seed, holders, speeds } = setting
  const round = memory.place.rounds.length
  const perEpoch = stepsOfEpoch(holders[client]!.length, stage.batch)
  const wanted = stage.localEpochs * perEpoch
  const { deadline, late, dropOut } = stage.heterogeneity
  const steps = stepsInTime(wanted, speeds[client]!, deadline)
  const { model, bytes: downBytes } = received(setting, memory, client, download)
  const leaveOut = (state: ClientRound['state'], note: string, taken = 0) => {
    const record = { client: client + 1, state, note, steps: taken, ...nothing, downBytes }
    memory.place.visits.push({ client, record, work: null })
  }

  if (dropsOut(dropOut, seed, round, client)) leaveOut('dropped', 'It was not heard of again.')
  else if (steps === 0 || (steps < wanted && late === 'left-out'))
    leaveOut('late', `${steps} of its ${wanted} steps were done by the deadline.`)
  else {
    try {
      const done = await work(setting, memory, client, { ...download, model }, { perEpoch, steps, hooks })
      const record = {
        client: client + 1,
        state: steps < wanted ? ('partial' as const) : ('done' as const),
        steps,
        ...done.record,
        downBytes,
      }
      memory.place.visits.push({ client, record, work: { samples: holders[client]!.length, steps, reach: done.reach } })
    } catch (thrown) {
      if (!isOfClient(thrown)) throw thrown
      const { epoch, step } = memory.position
      leaveOut('failed', thrown.message, epoch * perEpoch + step)
    }
  }
  memory.place.isTraining = false
}

const nothing = { trainLoss: null, trainTop1: null, top1: null, upBytes: 0 } as const

/** What ends the run, not the client alone. */
const ofTheRun: readonly ErrorCode[] = [
  'run.stopped',
  'disk.full',
  'disk.read-only',
  'engine.failed',
  'engine.out-of-memory',
]

const isOfClient = (thrown: unknown): thrown is EspalierError =>
  thrown instanceof EspalierError && !ofTheRun.includes(thrown.code)

interface Work {
  readonly perEpoch: number
  readonly steps: number
  readonly hooks: VisitHooks
}

async function work(
  setting: Setting,
  memory: FederationMemory,
  client: number,
  download: Pick<Download, 'model' | 'variates'>,
  { perEpoch, steps, hooks }: Work,
): Promise<{ readonly record: Omit<ClientRound, 'client' | 'state' | 'steps' | 'downBytes'>; readonly reach: number }> {
  const { stage, context, compiled, mode, masks, rates, training, holders, terms, isFederated, statistics } = setting
  const { place, position } = memory
  const round = place.rounds.length
  const own = memory.own.get(client)
  const part = setting.parts?.[client]
  const began: Weights = new Map([...memory.server, ...download.model, ...(own ?? [])])
  const starting = { client, round, compiled, weights: began }
  if (!place.isTraining) {
    compiled.assign({ weights: began, masks })
    if (part) compiled.assignUpdateMasks(new Map(setting.trained.map(name => [name, part.get(name)!])))
    await mode.beginClient?.(starting)
    Object.assign(position, { epoch: 0, step: 0 })
    Object.assign(position.sums, { loss: 0, correct: 0, samples: 0, learningRate: 0 })
    place.isTraining = true
  }
  const variates = { server: download.variates, client: memory.clientVariates.get(client) ?? new Map<string, never>() }
  compiled.assignTerms({
    anchors: began,
    corrections: new Map([...variates.server].map(([name, c]) => [name, correction(c, variates.client.get(name))])),
  })
  const local = {
    settings: stage,
    rates,
    split: training.split,
    samples: holders[client]!,
    seed: clientSeed(setting, round, client),
    round,
    steps,
  }
  await trainLocally(local, compiled, context, position, {
    afterStep: hooks.afterStep,
    afterEpoch: () => mode.afterEpoch?.(starting),
  })
  const ended = compiled.readParameters()
  if (!isFiniteState(ended)) throw notFinite()

  const { sums } = position
  const top1 = setting.clientScoring
    ? (await validate(compiled, setting.clientScoring, stage.batch, context, hooks.breathe)).top1
    : null
  place.scores[client] = top1
  const reach = reachOfSteps(local, steps, perEpoch)
  const scored = { trainLoss: sums.loss / sums.samples, trainTop1: sums.correct / sums.samples, top1 }
  if (!isFederated) {
    if (setting.strategy.pooled) memory.updates.set(client, ended)
    else memory.own.set(client, ended)
    return { record: { ...scored, upBytes: 0 }, reach }
  }

  const parcel = part ? sendPart(setting.up, ended, part) : send(setting.up, ended, mode.carried, began)
  memory.updates.set(client, parcel.tensors)
  if (stage.batchNorm === 'local') memory.own.set(client, new Map(statistics.map(name => [name, ended.get(name)!])))
  let upBytes = parcel.bytes
  if (terms.variates) {
    const next = nextVariates(variates, { began, ended: parcel.tensors, reach })
    const change = new Map([...next].map(([name, c]) => [name, minus(c, variates.client.get(name))]))
    const sent = send(setting.variates, change, 'values', new Map())
    memory.changes.set(client, sent.tensors)
    memory.clientVariates.set(client, next)
    upBytes += sent.bytes
  }
  return { record: { ...scored, upBytes, ...sharesSent(setting, parcel) }, reach }
}

const minus = (a: Float32Array, b: Float32Array | undefined) => (b ? a.map((value, i) => value - b[i]!) : a)

/** Of each prunable layer, where not everything was sent. */
function sharesSent({ prunable, up }: Setting, { counts, carried }: Parcel): Pick<ClientRound, 'sent'> {
  if (!prunable.some(name => carried.has(name))) return {}
  const sizes = new Map(up.map(({ name, size }) => [name, size]))
  return { sent: prunable.map(name => counts.get(name)! / sizes.get(name)!) }
}

const notFinite = () =>
  new EspalierError({ code: 'run.not-finite', message: 'Its weights are no longer finite numbers.' })
