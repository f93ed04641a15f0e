/** The report of runs as a file. */
import { resolve } from 'node:path'
import { writeFileAtomic } from '../formats/write-file.ts'
import { comparisonReport, type ReportInput } from '../shared/report/report.ts'
import { espalierVersion } from './version.ts'

/** Writes the report and returns its absolute path. Throws `disk.full`, `disk.read-only`. */
export async function writeReport(file: string, input: Omit<ReportInput, 'version' | 'createdAt'>): Promise<string> {
  const path = resolve(file)
  const report = comparisonReport({ ...input, version: espalierVersion, createdAt: Date.now() })
  await writeFileAtomic(path, new TextEncoder().encode(report))
  return path
}
