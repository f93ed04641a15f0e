/** Programs that answer line by line, so that measurements can take turns: whatever else the machine does hits all of them. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Conversation {
  /** Sends a line and waits for the answer to it, one JSON value on a line. */
  ask<Answer>(line: string): Promise<Answer>
  close(): void
}

/** Starts `program script ...args` and waits for its first line, which says that it is ready. */
export async function talkTo(program: string, script: string, args: readonly string[]): Promise<Conversation> {
  const child = spawn(program, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${script} ended before it answered`)
    return JSON.parse(value)
  }
  await next()
  return {
    ask(line) {
      child.stdin.write(`${line}\n`)
      return next()
    },
    close: () => child.stdin.end(),
  }
}
