/** A project file, open: its tables, transactions, and word of what other processes wrote. The only door to SQLite. */
import { statSync } from 'node:fs'
import type { LayerSnapshot } from '../../shared/domain.ts'
import type { NormSnapshot } from '../../shared/features.ts'
import type { ReportedFederation } from '../../shared/federation-report.ts'
import { checkSoundness, closeDatabase, type OpenOptions, openDatabase } from './database.ts'
import { createEvents, type EventsTable } from './events.ts'
import { withFaults } from './faults.ts'
import { createDatasets, createModels, type LibraryTable, type StoredDataset, type StoredModel } from './library.ts'
import { createOwners, type OwnersTable } from './owners.ts'
import { createRecipes, type RecipesTable } from './recipes.ts'
import { createRuns, type RunsTable } from './runs.ts'
import {
  createFederationReports,
  createLayerStatistics,
  createLog,
  createMetrics,
  createNormStatistics,
  type LogLine,
  type MetricSeries,
  type Series,
  type StageSeries,
} from './series.ts'
import { createStages, type StagesTable } from './stages.ts'
import { createWeights, type WeightsTable } from './weights.ts'

export interface Project {
  readonly path: string
  readonly owners: OwnersTable
  readonly datasets: LibraryTable<StoredDataset>
  readonly models: LibraryTable<StoredModel>
  readonly weights: WeightsTable
  readonly recipes: RecipesTable
  readonly runs: RunsTable
  readonly stages: StagesTable
  readonly metrics: MetricSeries
  readonly layers: StageSeries<LayerSnapshot>
  readonly norms: StageSeries<NormSnapshot>
  /** Of stages without a result. */
  readonly federations: StageSeries<ReportedFederation>
  readonly log: Series<LogLine>
  readonly events: EventsTable
  /**
   * Everything in `work` is written, or nothing. All writing goes through here: what SQLite throws (a full disk, a lock)
   * comes out in our words. May be nested.
   */
  write<T>(work: () => T): T
  /** The same for reading: one moment of the file. */
  read<T>(work: () => T): T
  /** Whether another process has written since the last time this was asked. */
  wasWrittenByOthers(): boolean
  /** Size of the file. */
  bytes(): number
  /** Throws `project.corrupt` if SQLite finds a fault anywhere in the file. */
  checkSoundness(): void
  close(): void
}

/** Opens the project at `path`, or makes it. Faults as `openDatabase` says. */
export function openProject(path: string, options: OpenOptions = {}): Project {
  const db = openDatabase(path, options)
  try {
    return withFaults(path, () => {
      const stages = createStages(db)
      let seenVersion = db.pragma('data_version', { simple: true })
      const transaction = db.transaction((work: () => unknown) => work())
      return {
        path,
        owners: createOwners(db),
        datasets: createDatasets(db),
        models: createModels(db),
        weights: createWeights(db),
        recipes: createRecipes(db),
        runs: createRuns(db, stages),
        stages,
        metrics: createMetrics(db),
        layers: createLayerStatistics(db),
        norms: createNormStatistics(db),
        federations: createFederationReports(db),
        log: createLog(db),
        events: createEvents(db),
        write: <T>(work: () => T) => withFaults(path, () => transaction.immediate(work) as T),
        read: <T>(work: () => T) => withFaults(path, () => transaction.deferred(work) as T),
        wasWrittenByOthers: () =>
          withFaults(path, () => {
            const version = db.pragma('data_version', { simple: true })
            const changed = version !== seenVersion
            seenVersion = version
            return changed
          }),
        bytes: () => statSync(path).size,
        checkSoundness: () => checkSoundness(db, path),
        close: () => closeDatabase(db),
      }
    })
  } catch (thrown) {
    closeDatabase(db)
    throw thrown
  }
}
