/**
 * The control variates of SCAFFOLD (Karimireddy et al. 2020): c, what the server takes for the gradient of everybody's
 * data, and c_i, of client i. Tensors by the name of a trained parameter; absent = all zero, as they begin.
 */
export type Variates = ReadonlyMap<string, Float32Array>

/** Adds to the gradient of client i: c - c_i. */
export const correction = (server: Float32Array, client: Float32Array | undefined): Float32Array =>
  client ? server.map((value, i) => value - client[i]!) : server

/**
 * c_i for the next time (equation 4, option II): c_i - c + (w_server - w_i) / reach. The paper divides by steps x learning
 * rate, which is the reach of plain SGD; with momentum the same gradients carry further, and what they were is w_server -
 * w_i over that.
 */
export function nextVariates(
  { server, client }: { readonly server: Variates; readonly client: Variates },
  { began, ended, reach }: { readonly began: Variates; readonly ended: Variates; readonly reach: number },
): Map<string, Float32Array> {
  return new Map(
    [...server].map(([name, c]) => {
      const own = client.get(name)
      const [from, to] = [began.get(name)!, ended.get(name)!]
      return [name, c.map((value, i) => (own?.[i] ?? 0) - value + (from[i]! - to[i]!) / reach)]
    }),
  )
}

/** c + the mean over all `clients` of the changes of c_i; those who took no part changed nothing (equation 5). */
export function nextServerVariates(
  server: Variates,
  changes: readonly Variates[],
  clients: number,
): Map<string, Float32Array> {
  return new Map(
    [...server].map(([name, c]) => {
      const sums = Float64Array.from(c)
      for (const change of changes) {
        const values = change.get(name)!
        for (let i = 0; i < sums.length; i++) sums[i]! += values[i]! / clients
      }
      return [name, Float32Array.from(sums)]
    }),
  )
}
