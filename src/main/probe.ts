/** The doctor's probe in a utility process: a TensorFlow that crashes takes nothing else along. */
import type { ProbeResult } from '../studio/host.ts'
import { startProcess } from './utility-process.ts'

const limitMs = 120_000

/** `entry` is the bundled probe. A crash, a silence or an early end becomes an error with the last line it wrote. */
export function createProbe(entry: string): () => Promise<ProbeResult> {
  return () =>
    new Promise(resolve => {
      let lastLine = ''
      const child = startProcess(entry, 'probe')
      const limit = setTimeout(child.kill, limitMs)
      const end = (result: ProbeResult) => {
        clearTimeout(limit)
        resolve(result)
        child.kill()
      }
      child.onOutput(line => {
        if (line.trim()) lastLine = line.trim()
      })
      child.onMessage(end)
      child.onExit(({ code, reason }) => {
        const last = lastLine && `: ${lastLine}`
        const message = `The probe ended before it answered (${reason ?? `status ${code}`})${last || '.'}`
        end({ error: { code: 'engine.failed', message } })
      })
    })
}
