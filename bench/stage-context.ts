/** What a stage works with where no job is around it: what a benchmark gives, and nothing that trains. */
import type { StageContext } from '../src/engine/stage-runner.ts'

type Given = 'model' | 'dataset' | 'select' | 'compiled'

const absent = (what: string) => () => {
  throw new Error(`a benchmark's stage has no ${what}`)
}

/** `given` itself, so that its `model` is the one that a stage puts there. */
export function stageContext(given: Pick<StageContext, Given>): StageContext {
  const rest: Omit<StageContext, Given> = {
    earlierSeconds: 0,
    augmentation: 'none',
    seed: 0,
    teacher: absent('teacher'),
    twin: undefined,
    probe: async () => {},
    log() {},
    occurrence: 0,
    signal: new AbortController().signal,
    cacheDirectory: '',
    validation: absent('validation samples'),
    trainable: absent('programs that train'),
    record: {
      points() {},
      layers() {},
      norms() {},
      federation() {},
      isDue: () => false,
      flush() {},
      restart() {},
      lastStep: () => 0,
      tail: absent('record'),
      replay: absent('record'),
    },
    state: { read: absent('state'), write: absent('state'), everyMs: Number.POSITIVE_INFINITY },
    step: async () => {},
    breathe: async () => {},
  }
  return Object.assign(given, rest)
}
