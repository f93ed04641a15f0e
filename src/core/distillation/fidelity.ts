/** How near a student comes to its teacher: sums over samples, from the logits of both. */

export interface Fidelity {
  /** Share of samples to which both give the same class. */
  readonly agreement: number
  /** Mean KL(teacher || student) of the softmaxes at temperature 1 and 4, in nats; without the factor T^2 of the loss. */
  readonly kl1: number
  readonly kl4: number
}

export interface FidelityMeter {
  /** Logits [count, classes] of the same samples. */
  add(student: Float32Array, teacher: Float32Array): void
  result(): Fidelity
}

export function createFidelityMeter(classes: number): FidelityMeter {
  let count = 0
  let same = 0
  let kl1 = 0
  let kl4 = 0
  return {
    add(student, teacher) {
      for (let at = 0; at < student.length; at += classes) {
        const s = student.subarray(at, at + classes)
        const t = teacher.subarray(at, at + classes)
        count++
        if (largest(s) === largest(t)) same++
        kl1 += divergence(t, s, 1)
        kl4 += divergence(t, s, 4)
      }
    },
    result: () => ({ agreement: same / count, kl1: kl1 / count, kl4: kl4 / count }),
  }
}

/** Index of the largest, the lowest of equals. */
export function largest(values: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i
  return best
}

/** KL(softmax(p / T) || softmax(q / T)). */
export function divergence(p: ArrayLike<number>, q: ArrayLike<number>, temperature: number): number {
  const [a, b] = [logSoftmax(p, temperature), logSoftmax(q, temperature)]
  return a.reduce((sum, value, i) => sum + Math.exp(value) * (value - b[i]!), 0)
}

function logSoftmax(logits: ArrayLike<number>, temperature: number): Float64Array {
  const scaled = Float64Array.from(logits, value => value / temperature)
  const highest = Math.max(...scaled)
  const total = Math.log(scaled.reduce((sum, value) => sum + Math.exp(value - highest), 0)) + highest
  return scaled.map(value => value - total)
}
