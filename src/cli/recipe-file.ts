/** A recipe as a file. */
import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { EspalierError } from '../shared/errors.ts'
import { repeatedKey } from '../shared/json-keys.ts'
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
  const bytes = await readFile(path).catch(cause => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EspalierError({ code: 'file.unreadable', message: `${file} cannot be read: ${reason}.`, file }, { cause })
  })
  const text = decode(bytes, file)
  return resolvePaths(parseRecipe(parseJson(text, file), file), dirname(path))
}

/** A byte order mark of UTF-8 is taken away; other encodings show by bytes that UTF-8 does not have. */
function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw notJson(file, 'it is not text in UTF-8')
  }
}

function parseJson(json: string, file: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : ''
    throw notJson(file, `${placeOf(reason, json)}, ${plain(reason)}`)
  }
  // Of two equal keys the last would win without a word.
  const twice = repeatedKey(json)
  if (twice !== undefined) throw notJson(file, `the key "${twice}" stands twice in one object`)
  return value
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
    .replace(/, (?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s, '')
    .replace(/^./, first => first.toLowerCase())

const notJson = (file: string, why: string) =>
  new EspalierError({
    code: 'recipe.not-json',
    message: `${file} is not a recipe: ${why}.`,
    file,
    rule: 'A recipe is a JSON document.',
  })

/** Bytes of UTF-8. File systems take 255, and SQLite puts `-journal` behind the name. */
const longestName = 200

/** Names of devices on Windows, whatever stands behind their dot. */
const deviceName = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

/** `<recipe name>.espalier` in the working directory, as a name that every file system and every shell takes. */
export function projectFileFor({ name }: Recipe): string {
  const plainName = name
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they may not stand in a file name
    .replaceAll(/[\\/:*?"<>|\x00-\x1f\x7f]/g, '-')
    .replace(/^[-. ]+/, '')
  const safe = cutTo(longestName, plainName).replace(/[. ]+$/, '')
  return resolve(`${deviceName.test(safe) ? 'recipe ' : ''}${safe || 'recipe'}.espalier`)
}

/** The longest beginning of whole characters that has at most `bytes` bytes. */
function cutTo(bytes: number, text: string): string {
  let cut = ''
  for (const character of text) {
    if (Buffer.byteLength(cut + character) > bytes) break
    cut += character
  }
  return cut
}
