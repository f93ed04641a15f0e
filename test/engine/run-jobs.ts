/** Runs jobs in this process and sorts what they say. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { runJob } from '../../src/engine/job.ts'
import type { FromEngine, Job } from '../../src/engine/protocol.ts'
import { modelFromBytes } from '../../src/formats/model-file.ts'
import type { StageOutcome, StageResultOf, StageUse } from '../../src/shared/stages.ts'

export type Message<Type extends FromEngine['type']> = Extract<FromEngine, { type: Type }>

export const ofType = <Type extends FromEngine['type']>(messages: readonly FromEngine[], type: Type) =>
  messages.filter((message): message is Message<Type> => message.type === type)

/** What a job said and how it ended; `onMessage` may abort `stopping`. */
export async function run(job: Job, onMessage: (message: FromEngine, stop: () => void) => void = () => {}) {
  const messages: FromEngine[] = []
  const stopping = new AbortController()
  const listen = (message: FromEngine) => {
    messages.push(message)
    onMessage(message, () => stopping.abort())
  }
  const error = await runJob(job, listen, stopping.signal).then(
    () => undefined,
    thrown => thrown,
  )
  return { messages, error }
}

export const outcomes = (messages: readonly FromEngine[]) =>
  ofType(messages, 'stage-finished').map(({ outcome }) => outcome)

export function resultOf<Use extends StageUse>(outcome: StageOutcome | undefined, use: Use): StageResultOf<Use> {
  expect(outcome?.use).toBe(use)
  return outcome!.result as StageResultOf<Use>
}

/** SHA-256 of the models after the stages that changed them. */
export const hashes = (messages: readonly FromEngine[]) =>
  ofType(messages, 'stage-finished').flatMap(({ modelFile }) =>
    modelFile === undefined ? [] : [createHash('sha256').update(readFileSync(modelFile)).digest('hex')],
  )

/** The model after the last stage that changed it. */
export function lastModel(messages: readonly FromEngine[]) {
  const { modelFile } = ofType(messages, 'stage-finished').findLast(({ modelFile }) => modelFile !== undefined)!
  return modelFromBytes(readFileSync(modelFile!), 'model')
}

/** Step and value of the points of one curve of a stage. */
export const curve = (messages: readonly FromEngine[], name: string, stage = 0) =>
  ofType(messages, 'metrics')
    .filter(message => message.stage === stage)
    .flatMap(({ points }) => points)
    .filter(point => point.name === name)
    .map(({ step, value }) => [step, value] as const)
