/** The losses of distillation: one file each in `losses/`, one line here. */
import type { DistillationLossOptions, DistillationLossWriter } from './distillation-loss.ts'
import { feature } from './losses/feature.ts'
import { logit } from './losses/logit.ts'

type Kind = DistillationLossOptions['kind']

const writers: { readonly [K in Kind]: DistillationLossWriter<Extract<DistillationLossOptions, { kind: K }>> } = {
  logit,
  feature,
}

export const distillationLoss = (kind: Kind) => writers[kind] as DistillationLossWriter<DistillationLossOptions>
