import { asFloats, type PayloadForm } from '../payload-form.ts'

/** Every value, carried or not: 4 bytes each. */
export const dense: PayloadForm = {
  code: 0,
  words: size => size,
  write: ({ values }, words) => asFloats(words).set(values),
  read: (words, _count, values) => values.set(asFloats(words)),
}
