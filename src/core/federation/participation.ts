/** Which clients do what in a round. Everything is drawn by keys: the round is all there is to remember. */
import { createRandom, deriveSeed } from '../random.ts'
import { shuffle } from '../split.ts'

const indices = (count: number) => Int32Array.from({ length: count }, (_, client) => client)

/** The clients that the server chooses for a round, ascending: round(share x clients) of them, at least one. */
export function participants(clients: number, share: number, seed: number, round: number): number[] {
  const drawn = indices(clients)
  shuffle(drawn, createRandom(deriveSeed(seed, 'participants', round)))
  return [...drawn.subarray(0, Math.max(1, Math.round(share * clients)))].sort((a, b) => a - b)
}

/** Whether a client that was chosen is not heard of again in this round. */
export const dropsOut = (probability: number, seed: number, round: number, client: number): boolean =>
  createRandom(deriveSeed(seed, 'drop-out', round, client)).uniform() < probability

/**
 * Numbers evenly spaced from `weakest` to `strongest`, dealt to the clients in a drawn order; a seed has one order, so that who
 * is slowest is last in everything.
 */
export function clientScale(clients: number, weakest: number, strongest: number, seed: number): number[] {
  const places = indices(clients)
  shuffle(places, createRandom(deriveSeed(seed, 'speed')))
  return [...places].map(place =>
    place === clients - 1 ? strongest : weakest + ((strongest - weakest) * place) / (clients - 1),
  )
}

/**
 * Steps of `wanted` that a client does in a round that lasts as long as `deadline` steps of the fastest client; 0 where not
 * one is done in time.
 */
export const stepsInTime = (wanted: number, speed: number, deadline: number | undefined): number =>
  deadline === undefined ? wanted : Math.min(wanted, Math.floor(deadline * speed + 1e-9))
