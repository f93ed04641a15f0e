/** Rows of numbers in text, between blanks. */
import { EspalierError } from '../../../shared/errors.ts'
import { lines } from '../../codecs/lines.ts'
import type { Tree, TreeEntry } from '../../tree/tree.ts'

/** Throws `dataset.invalid` for what is no finite number, naming the row. */
export async function* rowsOf(tree: Tree, entry: TreeEntry): AsyncGenerator<Float32Array, void, undefined> {
  const file = tree.locate(entry)
  let row = 0
  for await (const some of lines(tree.chunks(entry), file)) {
    for (const line of some) {
      const words = line.split(' ').filter(Boolean)
      const numbers = new Float32Array(words.length)
      for (let index = 0; index < words.length; index++) {
        const number = Number(words[index])
        if (!Number.isFinite(number)) throw notANumber(file, row, words[index]!)
        numbers[index] = number
      }
      row++
      yield numbers
    }
  }
}

const notANumber = (file: string, row: number, word: string): EspalierError =>
  new EspalierError({
    code: 'dataset.invalid',
    message: `Row ${row + 1} of ${file} holds "${word.slice(0, 40)}".`,
    file,
    rule: 'Every value of a signal is a finite number.',
  })
