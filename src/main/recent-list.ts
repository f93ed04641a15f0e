/** Recently used projects, the newest first. */
const longest = 10

export function withRecent(list: readonly string[], path: string): string[] {
  return [path, ...list.filter(other => other !== path)].slice(0, longest)
}

export function withoutRecent(list: readonly string[], path: string): string[] {
  return list.filter(other => other !== path)
}
