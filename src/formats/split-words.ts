/** Words in names of files and folders that say which split they hold. */
import type { SplitName } from './dataset.ts'

/** Validation is split off the training data; files of their own serve as the test split where there is no other. */
export type FileSplit = SplitName | 'validation'

const words: Readonly<Record<string, FileSplit>> = {
  train: 'train',
  training: 'train',
  test: 'test',
  testing: 'test',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
}

export const splitOfWord = (word: string): FileSplit | undefined => words[word.toLowerCase()]

/** The parts of a name such as `x_train`, `trainImages` or `XTest-2`, in lower case. */
export const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3_$2$4')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
