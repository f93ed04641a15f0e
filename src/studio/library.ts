/** The library: data sets and models, added by looking at what a file is. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { LibraryItem } from '../shared/contract.ts'
import type { DatasetReport, ModelReport } from '../shared/domain.ts'
import { EspalierError } from '../shared/errors.ts'
import type { DatasetFacts, DatasetOptions, ModelFacts, Readers } from './inputs.ts'
import type { StoredDataset, StoredModel } from './project/library.ts'
import type { Project } from './project/project.ts'

export type Recognised =
  | { readonly kind: 'dataset'; readonly facts: DatasetFacts }
  | { readonly kind: 'model'; readonly facts: ModelFacts }

/**
 * Reads what lies at `path`: a data set if a reader of those knows its content, else a checkpoint. File names decide nothing.
 * Throws `file.missing`, `file.unknown-format` if nobody knows it, and the fault of the reader that does.
 */
export async function recognise(path: string, readers: Readers, options: DatasetOptions = {}): Promise<Recognised> {
  if (await readers.isDataset(path, options)) return { kind: 'dataset', facts: await readers.dataset(path, options) }
  try {
    return { kind: 'model', facts: await readers.model(path, undefined, options) }
  } catch (thrown) {
    if (!(thrown instanceof EspalierError) || thrown.code !== 'file.unknown-format') throw thrown
    const { code, message, file, rule, hint } = thrown
    throw new EspalierError({
      code,
      message,
      ...(file !== undefined && { file }),
      rule: [rule, 'It is no data set that Espalier reads either.'].filter(Boolean).join(' '),
      ...(hint !== undefined && { hint }),
    })
  }
}

/** Adds an item, or finds the one with the same content. To be called inside `project.write`. */
export function addDataset(project: Project, facts: DatasetFacts): StoredDataset {
  return project.datasets.put({ ...facts, id: randomUUID(), addedAt: Date.now() })
}

export function addModel(project: Project, facts: ModelFacts): StoredModel {
  return project.models.put({ ...facts, id: randomUUID(), addedAt: Date.now() })
}

export const toDatasetReport = (item: StoredDataset): DatasetReport => ({ ...item, missing: !existsSync(item.path) })
export const toModelReport = (item: StoredModel): ModelReport => ({ ...item, missing: !existsSync(item.path) })

export const toLibraryItem = (project: Project, recognised: Recognised): LibraryItem =>
  recognised.kind === 'dataset'
    ? { kind: 'dataset', dataset: toDatasetReport(addDataset(project, recognised.facts)) }
    : { kind: 'model', model: toModelReport(addModel(project, recognised.facts)) }
