/** A folder of programs that are run by name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setUp } from '../setup.mjs'
import { handOver, root, say } from './process.mjs'

/**
 * Lists the programs of a folder, or runs the one that the first argument names, with the rest as its arguments. A file is
 * a program unless it exports something: then it is a part of others.
 * @param {string} folder
 * @param {{ one: string, command: string }} words
 */
export async function runListed(folder, { one, command }) {
  const path = join(root, folder)
  const [name, ...args] = process.argv.slice(2)
  const known = programs(path)
  if (name === undefined) {
    process.stdout.write(`${command} -- NAME:\n`)
    for (const { name: id, about } of known) process.stdout.write(`  ${id.padEnd(16)} ${about}\n`)
  } else if (!known.some(program => program.name === name)) {
    say(`There is no ${one} "${name}". There are: ${known.map(program => program.name).join(', ') || 'none'}.`)
    process.exitCode = 2
  } else {
    const { node, env } = await setUp({ quick: true })
    await handOver(node, [join(path, `${name}.ts`), ...args], { env })
  }
}

/** @param {string} path */
function programs(path) {
  const names = existsSync(path) ? readdirSync(path).filter(name => name.endsWith('.ts')) : []
  return names
    .map(name => ({ name: name.slice(0, -3), text: readFileSync(join(path, name), 'utf8') }))
    .filter(({ text }) => !/^export /m.test(text))
    .map(({ name, text }) => ({ name, about: firstSentence(text) }))
}

/** @param {string} text */
function firstSentence(text) {
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? ''
  const words = comment
    .replace(/^\s*\*/gm, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return /^.*?\.(?= |$)/.exec(words)?.[0] ?? words
}
