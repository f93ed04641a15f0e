import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const module = fileURLToPath(new URL('../../scripts/lib/process.mjs', import.meta.url))

/** Runs a script that hands over to `code`; with `plain`, the way of systems that cannot replace a process. */
function handOver(code: string, { plain = false, kill = undefined as NodeJS.Signals | undefined } = {}) {
  const script = `
    ${plain ? 'process.execve = undefined' : ''}
    const { handOver } = await import(${JSON.stringify(module)})
    await handOver(process.execPath, ['-e', ${JSON.stringify(code)}, 'a b'], { env: { ...process.env, GIVEN: 'yes' } })`
  return new Promise<{ status: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>(
    resolve => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'pipe'] })
      let [stdout, stderr] = ['', '']
      child.stdout.on('data', chunk => {
        stdout += chunk
        if (kill) child.kill(kill)
      })
      child.stderr.on('data', chunk => {
        stderr += chunk
      })
      child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }))
      child.stdin.end('typed')
    },
  )
}

describe.each([false, true])('handing over to another program (without replacing the process: %s)', plain => {
  it('passes on arguments, environment, input, output and exit status, and adds nothing', async () => {
    const code = `process.stdin.on('data', text => {
      process.stdout.write([process.argv.at(-1), process.env.GIVEN, text].join('|')); process.exitCode = 42 })`
    expect(await handOver(code, { plain })).toEqual({ status: 42, signal: null, stdout: 'a b|yes|typed', stderr: '' })
  })

  it.each<NodeJS.Signals>(['SIGINT', 'SIGTERM'])('passes on %s once', async kill => {
    const code = `let n = 0
      process.on('${kill}', () => { n++; setTimeout(() => { process.stderr.write(String(n)); process.exit(130) }, 100) })
      setInterval(() => {}, 1000); process.stdout.write('ready')`
    expect(await handOver(code, { plain, kill })).toEqual({ status: 130, signal: null, stdout: 'ready', stderr: '1' })
  })
})
