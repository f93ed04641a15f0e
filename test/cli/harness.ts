/** The command line in this process, with what it wrote, and its inputs in a folder of the test's own. */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { main } from '../../src/cli/index.ts'
import type { ErrorData } from '../../src/shared/errors.ts'
import { temporaryFolder } from '../temporary.ts'
import { makeCifar, makeModel } from './made-inputs.ts'

export interface Ended {
  readonly status: number
  readonly out: string
  readonly err: string
}

export async function espalier(...args: string[]): Promise<Ended> {
  let out = ''
  let err = ''
  const status = await main(args, {
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
    isWatched: false,
    columns: 80,
    bold: text => text,
  })
  return { status, out, err }
}

/** A folder with data, a checkpoint and a way to write recipes; caches go elsewhere. */
export function workplace() {
  const cache = temporaryFolder()
  const before = process.env['ESPALIER_DATA']
  process.env['ESPALIER_DATA'] = join(cache, 'data')
  onTestFinished(() => {
    if (before === undefined) delete process.env['ESPALIER_DATA']
    else process.env['ESPALIER_DATA'] = before
  })
  const folder = temporaryFolder()
  makeCifar(join(folder, 'cifar'))
  makeModel(join(folder, 'net.safetensors'))
  const project = join(folder, 'project.espalier')
  const recipe = {
    name: 'Tiny',
    model: { checkpoint: 'net.safetensors' } as object,
    data: { path: 'cifar', normalize: 'cifar10' } as object,
    stages: [
      { use: 'evaluate', batch: 8 },
      { use: 'prune', sparsity: 0.5 },
      { use: 'evaluate', batch: 8 },
    ] as object[],
  }
  const write = (name: string, content: string | Uint8Array) => {
    const file = join(folder, name)
    writeFileSync(file, content)
    return file
  }
  return {
    folder,
    project,
    recipe,
    write,
    writeRecipe: (changes: object = {}) => write('recipe.json', JSON.stringify({ ...recipe, ...changes }, null, 2)),
    /** What lies in the folder, the hidden included. */
    files: () => readdirSync(folder).sort(),
  }
}

export const errorIn = (err: string): ErrorData => (JSON.parse(err) as { error: ErrorData }).error
