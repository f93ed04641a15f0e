/** Filters and orders by how well the words of a query are found: at the start, at a word's start, inside. */
export function rank<T>(query: string, items: readonly T[], textOf: (item: T) => string): T[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return [...items]
  return items
    .map((item, index) => ({ item, index, score: scoreOf(words, textOf(item).toLowerCase()) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .map(({ item }) => item)
}

function scoreOf(words: readonly string[], text: string): number {
  let score = 0
  for (const word of words) {
    const at = text.indexOf(word)
    if (at < 0) return 0
    if (at === 0) score += 4
    else if (text.includes(` ${word}`)) score += 2
    else score += 1
  }
  return score
}
