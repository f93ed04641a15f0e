import { noTerms, type Strategy } from '../strategy.ts'

/** All samples in one place, trained for as many epochs: what a federation would come to if data could travel. */
export const centralised: Strategy = {
  terms: () => noTerms,
  beginsWith: 'server',
  pooled: true,
  needsSgd: false,
  coefficients: work => work.map(() => 1),
}
