import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { doctor, runProbe } from '../../../src/engine/runtime/doctor.ts'
import { provideEngine } from '../../../src/engine/runtime/provide.ts'
import { doctorReportSchema } from '../../../src/shared/doctor.ts'
import { cannotStart, machine, provider } from './machine.ts'

const passing = { id: 'database', label: 'Database', status: 'ok' as const, detail: 'opens' }

describe('the doctor', () => {
  it('finds this machine ready, and TensorFlow computing right', async () => {
    const report = doctorReportSchema.parse(await doctor({ extra: [async () => passing] }))
    const found = Object.fromEntries(report.checks.map(check => [check.id, check]))
    expect(report.checks.filter(check => check.status === 'fail')).toEqual([])
    expect(report.ok).toBe(true)
    expect(found['engine.load']?.detail).toMatch(/^TensorFlow \d+\.\d+/)
    expect(found['engine.device']?.detail).toMatch(/^(CPU|GPU): ./)
    expect(found['engine.numbers']?.detail).toMatch(
      /MatMul .* Conv2DBackpropFilter .* FusedBatchNormV3 .* compiled graph/,
    )
    expect(found['database']).toEqual(passing)
    expect(new Set(report.checks.map(check => check.id)).size).toBe(report.checks.length)
  })

  it('tells on a bare machine what is missing, what was tried and what helps', async () => {
    const environment = machine({ which: () => null, run: async () => cannotStart })
    const table = [provider('never', { unsuitable: () => 'it is Tuesday' }), provider('broken')]
    await provideEngine({ environment, providers: table }).catch(() => undefined)
    const report = doctorReportSchema.parse(await doctor({ environment, providers: table }))
    const found = Object.fromEntries(report.checks.map(check => [check.id, check]))
    expect(report.ok).toBe(false)
    expect(found['engine']).toMatchObject({ status: 'fail', hint: 'Run "npm start".' })
    expect(found['python']).toMatchObject({ status: 'warn', detail: 'No Python 3 was found.' })
    expect(found['compiler']).toMatchObject({ status: 'warn', hint: expect.stringContaining('apt-get install g++') })
    expect(found['provider.never']?.detail).toBe('Provider never: not for this machine, it is Tuesday')
    expect(found['provider.broken']?.detail).toMatch(/tried .*, failed: broken cannot build\./)
  })

  it('reports a check of another layer that throws', async () => {
    const environment = machine()
    const broken = () => Promise.reject(new Error('the database is on fire'))
    const report = await doctor({ environment, providers: [], extra: [broken] })
    expect(report.checks.at(-1)).toMatchObject({ status: 'fail', detail: 'the database is on fire' })
  })

  it('warns of a GPU that is not used', async () => {
    const report = await doctor({ environment: machine({ hasNvidiaGpu: () => true }), providers: [] })
    expect(report.checks.find(check => check.id === 'gpu')).toMatchObject({ status: 'warn' })
  })
})

describe('the probe', () => {
  it('loses only its own process when it is ended', async () => {
    expect(await runProbe(1)).toEqual({
      error: { code: 'engine.failed', message: 'The probe was ended by SIGKILL before it answered.' },
    })
  })

  it('computes in a process of its own from an engine in the cache', async () => {
    const result = await runProbe(60_000)
    if ('error' in result) throw new Error(result.error.message)
    expect(existsSync(result.folder)).toBe(true)
    expect(result.leaked).toBe(0)
    expect(result.proofs.map(proof => proof.op)).toHaveLength(6)
    for (const { op, error } of result.proofs) expect(error, op).toBeLessThan(result.device === 'cpu' ? 1e-4 : 5e-3)
  })
})
