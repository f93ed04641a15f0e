import { noTerms, type Strategy, sampleShares } from '../strategy.ts'

/**
 * Wang et al. 2020, equation 6: what each client came to is divided by how far its steps reach (their |a_i|, here with the
 * learning rate), so that one that takes more steps does not pull harder; together they go as far as FedAvg would. p_i is
 * the share of samples.
 */
export const fednova: Strategy = {
  terms: () => noTerms,
  beginsWith: 'server',
  pooled: false,
  needsSgd: true,
  coefficients(work) {
    const shares = sampleShares(work)
    const reach = work.reduce((sum, client, i) => sum + shares[i]! * client.reach, 0)
    return work.map((client, i) => shares[i]! * (reach / client.reach))
  },
}
