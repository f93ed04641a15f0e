/** All that a federation remembers from client to client and from round to round, in memory and in its state on disk. */
import type { Variates } from '../../core/federation/control-variates.ts'
import type { Weights } from '../../core/graph/model.ts'
import type { TrainableModel } from '../compile/training.ts'
import type { StageContext } from '../stage-runner.ts'
import { isFiniteState } from '../training/saved-training.ts'
import type { Position } from '../training/state-file.ts'
import type { FederationPosition } from './position.ts'

export interface FederationMemory {
  readonly place: FederationPosition
  /** Epoch, step and sums of the client that is in training; seconds of the round; the best round. */
  readonly position: Position
  /** The model of the server: every parameter. */
  server: Weights
  /** The one before, which clients of the last round have; empty where nobody asks for it. */
  previous: Weights
  /** SCAFFOLD: c. Empty where the strategy has none. */
  variates: Variates
  /** SCAFFOLD: c_i, of the clients that have taken part. */
  readonly clientVariates: Map<number, Variates>
  /** Parameters that a client keeps to itself. */
  readonly own: Map<number, Weights>
  /** Of this round, by client: the model that it sent, as it was unpacked ... */
  readonly updates: Map<number, Weights>
  /** ... and how its variates changed. */
  readonly changes: Map<number, Variates>
  /** The model after the best round; empty while there is none. */
  best: Weights
}

const mark = 'federation/'
const perClient = { 'client-variate': 'clientVariates', own: 'own', update: 'updates', change: 'changes' } as const

/** Whether the state on disk is of the federation with these settings. */
export async function isUnderWay(context: StageContext, settings: unknown): Promise<boolean> {
  const found = await context.state.read()
  return found?.training === textOf(context, settings)
}

const textOf = ({ augmentation }: StageContext, settings: unknown) => JSON.stringify({ settings, augmentation })

export interface SavedFederation {
  readonly memory: FederationMemory
  save(): Promise<void>
  saveIfDue(): Promise<void>
}

/** Goes on from the state on disk, if there is one of this federation. `settings` are what makes it the one it is. */
export async function openFederation(
  context: StageContext,
  compiled: TrainableModel,
  {
    settings,
    server,
    variates,
    clients,
    after,
  }: Pick<FederationMemory, 'server' | 'variates'> & {
    readonly settings: unknown
    readonly clients: number
    /** What came before it in the same stage: its twin. */
    readonly after: Partial<Pick<FederationPosition, 'twin' | 'steps'>>
  },
): Promise<SavedFederation> {
  const training = textOf(context, settings)
  const found = await context.state.read()
  const isOurs = found?.training === training && found.federation !== undefined
  const memory: FederationMemory = {
    place: { rounds: [], visits: [], isTraining: false, steps: 0, scores: Array<null>(clients).fill(null), ...after },
    position: structuredClone(beginning),
    server,
    previous: new Map(),
    variates,
    clientVariates: new Map(),
    own: new Map(),
    updates: new Map(),
    changes: new Map(),
    best: new Map(),
  }
  if (isOurs) {
    Object.assign(memory.place, found.federation)
    Object.assign(memory.position, found.position)
    memory.best = found.best
    const session = unpack(found.tensors, memory)
    if (memory.place.isTraining) compiled.assignState(session)
    context.record.replay(found.tail)
    context.earlierSeconds = found.position.seconds + found.position.sums.seconds
  }
  let savedAt = performance.now()
  async function save(): Promise<void> {
    savedAt = performance.now()
    const session = memory.place.isTraining ? compiled.readState() : new Map()
    // A client whose numbers are not finite is left out in a moment: its state is none to go on from.
    if (!isFiniteState(session)) return
    context.record.flush()
    await context.state.write({
      training,
      position: memory.position,
      federation: memory.place,
      tail: context.record.tail(),
      tensors: new Map([...session, ...pack(memory)]),
      best: memory.best,
    })
  }
  return {
    memory,
    save,
    async saveIfDue() {
      if (performance.now() - savedAt >= context.state.everyMs) await save()
    },
  }
}

const beginning: Position = {
  epoch: 0,
  step: 0,
  sums: { loss: 0, correct: 0, samples: 0, learningRate: 0, seconds: 0 },
  seconds: 0,
  epochs: [],
  best: null,
}

/** By name: what of whom, then the parameter. */
function pack(memory: FederationMemory): [string, Float32Array][] {
  const named = (prefix: string, tensors: Weights) =>
    [...tensors].map(([name, values]): [string, Float32Array] => [`${mark}${prefix}/${name}`, values])
  return [
    ...named('server', memory.server),
    ...named('previous', memory.previous),
    ...named('variate', memory.variates),
    ...Object.entries(perClient).flatMap(([prefix, key]) =>
      [...memory[key]].flatMap(([client, tensors]) => named(`${prefix}/${client}`, tensors)),
    ),
  ]
}

/** Puts everything in its place and returns what is left, the state of the session. */
function unpack(tensors: ReadonlyMap<string, Float32Array>, memory: FederationMemory): Map<string, Float32Array> {
  const session = new Map<string, Float32Array>()
  const server = new Map<string, Float32Array>()
  const previous = new Map<string, Float32Array>()
  const variates = new Map<string, Float32Array>()
  for (const [key, values] of tensors) {
    if (!key.startsWith(mark)) {
      session.set(key, values)
      continue
    }
    const [what, ...rest] = key.slice(mark.length).split('/')
    if (what === 'server') server.set(rest.join('/'), values)
    else if (what === 'previous') previous.set(rest.join('/'), values)
    else if (what === 'variate') variates.set(rest.join('/'), values)
    else {
      const of = memory[perClient[what as keyof typeof perClient]] as Map<number, Map<string, Float32Array>>
      const [client, ...name] = rest
      const entry = of.get(Number(client)) ?? new Map<string, Float32Array>()
      of.set(Number(client), entry.set(name.join('/'), values))
    }
  }
  memory.server = server
  memory.previous = previous
  memory.variates = variates
  return session
}
