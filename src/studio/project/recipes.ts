/** Recipes and all their versions. */
import type Database from 'better-sqlite3'
import { z } from 'zod'
import type { RecipeRecord } from '../../shared/domain.ts'
import { fromStored, toStored } from './stored.ts'

export interface RecipesTable {
  /** The newest version of each, the one saved last first. */
  list(): RecipeRecord[]
  get(id: string): RecipeRecord | undefined
  /** A new recipe, or the next version of one. An unchanged document keeps its version. */
  save(recipe: { id: string; name: string; document: unknown; at: number }): RecipeRecord
  /** Whether there was one. Runs keep their own copy. */
  remove(id: string): boolean
}

interface Row {
  readonly id: string
  readonly version: number
  readonly savedAt: number
  readonly name: string
  readonly document: string
}

const newest = `
  SELECT recipe_id AS id, version, saved_at AS savedAt, name, document FROM recipe_versions AS v
  WHERE version = (SELECT max(version) FROM recipe_versions WHERE recipe_id = v.recipe_id)`

export function createRecipes(db: Database.Database): RecipesTable {
  const all = db.prepare<[], Row>(`${newest} ORDER BY saved_at DESC, recipe_id`)
  const one = db.prepare<[string], Row>(`${newest} AND recipe_id = ?`)
  const insert = db.prepare<[string, number]>(
    'INSERT INTO recipes (id, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING',
  )
  const insertVersion = db.prepare<[string, number, number, string, string]>(
    'INSERT INTO recipe_versions (recipe_id, version, saved_at, name, document) VALUES (?, ?, ?, ?, ?)',
  )
  const remove = db.prepare<[string]>('DELETE FROM recipes WHERE id = ?')
  const read = ({ document, ...row }: Row): RecipeRecord => ({
    ...row,
    document: fromStored(z.unknown(), document, 'recipes'),
  })
  const get = (id: string) => {
    const row = one.get(id)
    return row && read(row)
  }
  return {
    list: () => all.all().map(read),
    get,
    save({ id, name, document, at }) {
      const before = one.get(id)
      const text = toStored(document)
      if (before?.document === text) return read(before)
      insert.run(id, at)
      insertVersion.run(id, (before?.version ?? 0) + 1, at, name, text)
      return get(id)!
    },
    remove: id => remove.run(id).changes > 0,
  }
}
