/** The calls about the library and recipes. */
import { randomUUID } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import type { Handlers, Source } from '../shared/contract.ts'
import { EspalierError } from '../shared/errors.ts'
import type { Announcer } from './announcer.ts'
import type { StudioOptions } from './host.ts'
import type { Readers } from './inputs.ts'
import { recognise, toDatasetReport, toLibraryItem, toModelReport } from './library.ts'
import type { Project } from './project/project.ts'
import { recipeProblems } from './recipe-check.ts'

export interface LibraryCallOptions extends Pick<StudioOptions, 'acceptsPaths' | 'resolveGrant'> {
  readonly project: Project
  readonly announcer: Announcer
  readonly ownerId: string
  readonly readers: Readers
}

type LibraryCalls = Pick<
  Handlers,
  | 'library.list'
  | 'library.import'
  | 'library.remove'
  | 'recipe.list'
  | 'recipe.save'
  | 'recipe.remove'
  | 'recipe.check'
>

/** Longest recipe that is kept, characters of JSON. */
const longestDocument = 1_000_000

export function createLibraryCalls(options: LibraryCallOptions): LibraryCalls {
  const { project, announcer, ownerId, readers } = options

  function change<T>(topic: 'library' | 'recipes', work: () => T): T {
    const result = project.write(() => {
      const done = work()
      project.events.add(ownerId, topic, null)
      return done
    })
    announcer.announce({ type: topic === 'library' ? 'library.changed' : 'recipe.changed' })
    return result
  }

  function pathOf(source: Source): string {
    if ('path' in source) {
      // As in a recipe: relative to the project's folder.
      if (options.acceptsPaths) return resolve(dirname(project.path), source.path)
      throw new EspalierError({
        code: 'not-allowed',
        message: 'A window may not name a file by its path here.',
        hint: 'Drop the file on the window, or choose it with the button.',
      })
    }
    const path = options.resolveGrant?.(source.grant)
    if (path !== undefined) return path
    throw new EspalierError({
      code: 'not-allowed',
      message: 'This drop or choice of a file is not known any more.',
      hint: 'Drop the file again.',
    })
  }

  return {
    'library.list': () =>
      project.read(() => ({
        datasets: project.datasets.list().map(toDatasetReport),
        models: project.models.list().map(toModelReport),
      })),
    async 'library.import'({ source, importId, reader }, { signal }) {
      const recognised = await recognise(pathOf(source), readers, {
        signal,
        reader,
        onProgress: progress => {
          if (importId !== undefined) announcer.announce({ type: 'import.progress', importId, ...progress })
        },
      })
      return change('library', () => toLibraryItem(project, recognised))
    },
    'library.remove'({ kind, id }) {
      const table = kind === 'dataset' ? project.datasets : project.models
      change('library', () => {
        if (!table.remove(id)) throw new EspalierError({ code: 'not-found', message: `There is no ${kind} ${id}.` })
      })
      return {}
    },
    'recipe.list': () => ({ recipes: project.read(() => project.recipes.list()) }),
    'recipe.save'({ id, document }) {
      const text = JSON.stringify(document) as string | undefined
      if (text === undefined || text.length > longestDocument) {
        throw new EspalierError({
          code: 'recipe.invalid',
          message: text === undefined ? 'There is no recipe to save.' : `The recipe has ${text.length} characters.`,
          rule: `A recipe is a JSON document of at most ${longestDocument} characters.`,
        })
      }
      if (id !== undefined && !project.recipes.get(id)) {
        throw new EspalierError({ code: 'not-found', message: `There is no recipe ${id} in this project.` })
      }
      const recipe = { id: id ?? randomUUID(), name: nameOf(document), document, at: Date.now() }
      return change('recipes', () => project.recipes.save(recipe))
    },
    'recipe.remove'({ id }) {
      change('recipes', () => {
        if (!project.recipes.remove(id)) {
          throw new EspalierError({ code: 'not-found', message: `There is no recipe ${id} in this project.` })
        }
      })
      return {}
    },
    'recipe.check': ({ document }) => ({ problems: recipeProblems(document, project, dirname(project.path)) }),
  }
}

/** A recipe is saved while it is being written, so its name may not be one yet. */
function nameOf(document: unknown): string {
  const name = (document as { name?: unknown } | null)?.name
  return typeof name === 'string' && name.trim() ? name.trim().slice(0, 200) : 'Untitled recipe'
}
