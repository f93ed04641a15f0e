/** A section of a page of the documentation that a program writes, between two marks that stay. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** Replaces the section `name` of the page, or adds it at the end. */
export function writeSection(page: URL, name: string, text: string): void {
  const [begin, end] = [`<!-- ${name}: written by a program -->`, `<!-- end of ${name} -->`]
  const section = `${begin}\n${text.trim()}\n${end}`
  const old = existsSync(page)
    ? readFileSync(page, 'utf8')
    : '# Results\n\nReal runs, with what they took. Each table is written by the command above it.\n'
  const [from, to] = [old.indexOf(begin), old.indexOf(end)]
  const isThere = from >= 0 && to > from
  const next = isThere ? old.slice(0, from) + section + old.slice(to + end.length) : `${old.trimEnd()}\n\n${section}\n`
  writeFileSync(page, next)
}

/** Rows of cells as a Markdown table; the first row is the head. */
export const markdownTable = (rows: readonly (readonly string[])[]): string =>
  rows
    .flatMap((row, i) => [row, ...(i === 0 ? [row.map(() => '---')] : [])])
    .map(row => `| ${row.join(' | ')} |`)
    .join('\n')
