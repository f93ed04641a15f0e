import { noTerms, type Strategy } from '../strategy.ts'

/** Nobody sends anything: every client goes on with its own model. The baseline that a federation has to beat. */
export const local: Strategy = {
  terms: () => noTerms,
  beginsWith: 'own',
  pooled: false,
  needsSgd: false,
  coefficients: work => work.map(() => 0),
}
