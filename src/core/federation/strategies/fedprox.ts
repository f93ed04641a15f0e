import { type Strategy, sampleShares } from '../strategy.ts'

/** Li et al. 2020, equation 2: every client minimises its loss + mu / 2 |w - w_server|^2; averaged as in FedAvg. */
export const fedprox: Strategy<{ readonly mu: number }> = {
  terms: ({ mu }) => ({ proximal: mu, variates: false }),
  beginsWith: 'server',
  pooled: false,
  needsSgd: false,
  coefficients: sampleShares,
}
