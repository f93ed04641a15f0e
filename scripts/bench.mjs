/** `npm run bench`: lists the benchmarks. `npm run bench -- NAME ...`: runs one, with the rest as its arguments. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { handOver, root, say } from './lib/process.mjs'
import { setUp } from './setup.mjs'

const folder = join(root, 'bench')

/** A file in `bench/` is a benchmark unless it exports something: then it is a part of others. */
function benchmarks() {
  const names = existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith('.ts')) : []
  return names
    .map(name => ({ name: name.slice(0, -3), text: readFileSync(join(folder, name), 'utf8') }))
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

const [name, ...args] = process.argv.slice(2)
const known = benchmarks()
if (name === undefined) {
  process.stdout.write('Benchmarks (npm run bench -- NAME):\n')
  for (const { name: id, about } of known) process.stdout.write(`  ${id.padEnd(12)} ${about}\n`)
} else if (!known.some(benchmark => benchmark.name === name)) {
  say(`There is no benchmark "${name}". There are: ${known.map(benchmark => benchmark.name).join(', ') || 'none'}.`)
  process.exitCode = 2
} else {
  const { node, env } = await setUp({ quick: true })
  await handOver(node, [join(folder, `${name}.ts`), ...args], { env })
}
