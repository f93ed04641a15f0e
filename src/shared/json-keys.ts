/** JSON.parse lets the last of two equal keys win; this finds them. */

/** A key that stands twice in one object of `json`, which is valid JSON. */
export function repeatedKey(json: string): string | undefined {
  const open: Set<string>[] = []
  for (let i = 0; i < json.length; i++) {
    const sign = json[i]
    if (sign === '{') open.push(new Set())
    else if (sign === '}') open.pop()
    else if (sign === '"') {
      const end = endOfString(json, i)
      if (isKey(json, end)) {
        const key = JSON.parse(json.slice(i, end)) as string
        if (open.at(-1)!.has(key)) return key
        open.at(-1)!.add(key)
      }
      i = end - 1
    }
  }
  return undefined
}

/** Behind the closing quote of the string that opens at `start`. */
function endOfString(json: string, start: number): number {
  let i = start + 1
  while (json[i] !== '"') i += json[i] === '\\' ? 2 : 1
  return i + 1
}

/** Whether a colon comes next. */
function isKey(json: string, from: number): boolean {
  let i = from
  while (/\s/.test(json[i] ?? '')) i++
  return json[i] === ':'
}
