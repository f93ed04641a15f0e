/**
 * The Python side of a comparison: scripts in `bench/python/` that print one JSON value as their last line.
 * Python is $ESPALIER_PYTHON, else `python3`.
 */
import { execFile, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

const python = () => process.env['ESPALIER_PYTHON'] || 'python3'

/** Version of a Python module, or null where Python or the module is absent. */
export async function moduleVersion(module: string): Promise<string | null> {
  const code = 'import importlib, sys; print(importlib.import_module(sys.argv[1]).__version__)'
  try {
    return (await run(python(), ['-c', code, module])).stdout.trim()
  } catch {
    return null
  }
}

/** What `bench/python/<script>` prints for these arguments. Rejects with Python's own words where it fails. */
export async function runPython<Result>(script: string, args: readonly string[] = []): Promise<Result> {
  const file = fileURLToPath(new URL(`python/${script}`, import.meta.url))
  const { stdout } = await run(python(), [file, ...args], { maxBuffer: 64 * 1024 * 1024 })
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Result
}

export interface Conversation {
  /** Sends a line and waits for the answer to it, one JSON value on a line. */
  ask<Answer>(line: string): Promise<Answer>
  close(): void
}

/** Starts `bench/python/<script>` and leaves it running, for measurements that alternate between two programs. */
export async function talkToPython(script: string, args: readonly string[] = []): Promise<Conversation> {
  const file = fileURLToPath(new URL(`python/${script}`, import.meta.url))
  const child = spawn(python(), [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${script} ended before it answered`)
    return JSON.parse(value)
  }
  await next() // it is ready
  return {
    ask(line) {
      child.stdin.write(`${line}\n`)
      return next()
    },
    close: () => child.stdin.end(),
  }
}

/** Said once where PyTorch is absent. */
export const noTorch = 'PyTorch: skipped, not installed for this Python (set ESPALIER_PYTHON to one that has it)'
