/** A recipe as a file. */
import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { EspalierError } from '../shared/errors.ts'
import { parseRecipe, type Recipe } from '../shared/recipe.ts'
import { resolvePaths } from '../studio/recipe-paths.ts'

/** Larger files are something else: a checkpoint, most likely. */
const largest = 1_000_000

/** Reads and checks a recipe; its paths become absolute. Throws `file.missing`, `recipe.*`, each naming the file. */
export async function readRecipe(file: string): Promise<Recipe> {
  const path = resolve(file)
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new EspalierError({ code: 'file.missing', message: `There is no file ${file}.`, file })
  if (!found.isFile()) throw new EspalierError({ code: 'file.unreadable', message: `${file} is not a file.`, file })
  if (found.size > largest) throw notJson(file, `it has ${found.size} bytes, and a recipe at most ${largest}`)
  const text = await readFile(path, 'utf8').catch(cause => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EspalierError({ code: 'file.unreadable', message: `${file} cannot be read: ${reason}.`, file }, { cause })
  })
  return resolvePaths(parseRecipe(parseJson(text, file), file), dirname(path))
}

function parseJson(text: string, file: string): unknown {
  const json = text.replace(/^\uFEFF/, '')
  try {
    return JSON.parse(json)
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : ''
    throw notJson(file, `${placeOf(reason, json)}, ${plain(reason)}`)
  }
}

function placeOf(reason: string, text: string): string {
  const before = text.slice(0, positionIn(reason) ?? firstFault(text)).split('\n')
  return `line ${before.length}, column ${before.at(-1)!.length + 1}`
}

const positionIn = (reason: string): number | undefined => {
  const given = /at position (\d+)/.exec(reason)?.[1]
  return given === undefined ? undefined : Number(given)
}

/** V8 does not say where an unexpected word stands: it is after the longest beginning that could still become JSON. */
function firstFault(text: string): number {
  let good = 0
  let bad = text.length + 1
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (couldGoOn(text.slice(0, middle))) good = middle
    else bad = middle
  }
  return good
}

function couldGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning)
    return true
  } catch (thrown) {
    const { message } = thrown as Error
    return /^Unexpected end|^Unterminated/.test(message) || positionIn(message) === beginning.length
  }
}

const plain = (reason: string) =>
  reason
    .replace(/(?: in JSON)? at position.*$/s, '')
    .replace(/, (?:\.\.\.)?".*" is not valid JSON$/s, '')
    .replace(/^./, first => first.toLowerCase())

const notJson = (file: string, why: string) =>
  new EspalierError({
    code: 'recipe.not-json',
    message: `${file} is not a recipe: ${why}.`,
    file,
    rule: 'A recipe is a JSON document.',
  })

/** `<recipe name>.espalier` in the working directory, in characters that every file system takes. */
export function projectFileFor({ name }: Recipe): string {
  const safe = name
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they may not stand in a file name
    .replaceAll(/[\\/:*?"<>|\x00-\x1f]/g, '-')
    .replace(/^\.+/, '-')
    .slice(0, 120)
    .replace(/[. ]+$/, '')
  return resolve(`${safe || 'recipe'}.espalier`)
}
