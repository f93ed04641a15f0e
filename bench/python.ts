/**
 * The Python side of a comparison: scripts in `bench/python/` that print one JSON value as their last line.
 * Python is $ESPALIER_PYTHON, else `python3`.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Conversation, talkTo } from './conversation.ts'

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

/** Starts `bench/python/<script>` and leaves it running, for measurements that alternate between two programs. */
export const talkToPython = (script: string, args: readonly string[] = []): Promise<Conversation> =>
  talkTo(python(), fileURLToPath(new URL(`python/${script}`, import.meta.url)), args)

/** Said once where PyTorch is absent. */
export const noTorch = 'PyTorch: skipped, not installed for this Python (set ESPALIER_PYTHON to one that has it)'
