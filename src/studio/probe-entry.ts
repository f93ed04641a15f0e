/** The doctor's probe as a utility process of the desktop: it answers its parent once, and is ended by it. */
import { probe } from '../engine/runtime/probe.ts'

interface ParentPort {
  postMessage(message: unknown): void
}

const { parentPort } = process as typeof process & { readonly parentPort: ParentPort }
parentPort.postMessage(await probe())
