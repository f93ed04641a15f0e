/** The sample project: Glyphs, a small ResNet, and recipes that train and prune it. Everything is made on the spot. */
import { randomUUID } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import dense from '../../resources/sample/dense.json' with { type: 'json' }
import global from '../../resources/sample/global.json' with { type: 'json' }
import glyphs from '../../resources/sample/glyphs.json' with { type: 'json' }
import gradual from '../../resources/sample/gradual.json' with { type: 'json' }
import uniform from '../../resources/sample/uniform.json' with { type: 'json' }
import { diskFault } from '../formats/disk-faults.ts'
import { writeFileAtomic } from '../formats/write-file.ts'
import type { Handlers } from '../shared/contract.ts'
import type { Announcer } from './announcer.ts'
import type { Directories } from './host.ts'
import type { Readers } from './inputs.ts'
import { addDataset, toDatasetReport } from './library.ts'
import type { Project } from './project/project.ts'

/** In the order in which they are worked: the others take over what the first one trains. */
const recipes = [dense, global, uniform, gradual]

interface SampleCallOptions {
  readonly project: Project
  readonly announcer: Announcer
  readonly ownerId: string
  readonly readers: Readers
  readonly directories: Directories
}

export function createSampleCalls(options: SampleCallOptions): Pick<Handlers, 'sample.create'> {
  const { project, announcer, ownerId, readers, directories } = options
  return {
    async 'sample.create'({ importId }, { signal }) {
      const path = join(directories.data, 'sample', 'glyphs.json')
      await writeDocument(path, glyphs)
      const facts = await readers.dataset(path, {
        signal,
        onProgress: progress => {
          if (importId !== undefined) announcer.announce({ type: 'import.progress', importId, ...progress })
        },
      })
      const made = project.write(() => {
        const dataset = toDatasetReport(addDataset(project, facts))
        const known = project.recipes.list()
        const saved = recipes.map(recipe => {
          const document = { ...recipe, data: { ...recipe.data, path } }
          const same = known.find(record => isDeepStrictEqual(record.document, document))
          return same ?? project.recipes.save({ id: randomUUID(), name: recipe.name, document, at: Date.now() })
        })
        for (const topic of ['library', 'recipes'] as const) project.events.add(ownerId, topic, null)
        return { dataset, recipes: saved }
      })
      announcer.announce({ type: 'library.changed' })
      announcer.announce({ type: 'recipe.changed' })
      return made
    },
  }
}

/** Written anew only where it is another: a file that is touched is read again. */
async function writeDocument(path: string, document: object): Promise<void> {
  const text = `${JSON.stringify(document)}\n`
  if ((await readFile(path, 'utf8').catch(() => null)) === text) return
  await mkdir(dirname(path), { recursive: true }).catch(cause => {
    throw diskFault(path, cause)
  })
  await writeFileAtomic(path, new TextEncoder().encode(text))
}
