/** A stage in a few words: what was asked of it, and the one number that it is about. */
import { allocations, distillationLosses, trainables } from '../../../shared/methods.ts'
import type { Stage, StageOf, StageOutcome, StageResultOf } from '../../../shared/stages.ts'
import { bytes, percent, plural, shareDigits } from './format.ts'
import { sharePercent } from './recipe-document.ts'

export function settingsText(stage: Stage | undefined): string | undefined {
  switch (stage?.use) {
    case 'disable-features':
      return `below ${stage.threshold}`
    case 'evaluate':
      return stage.split
    case 'prune':
      return `${allocations[stage.allocation].label.toLowerCase()}, ${targetText(stage)}`
    case 'federate':
      return `${stage.strategy.kind}, ${plural(stage.clients, 'client')}, ${plural(stage.rounds, 'round')}`
    case 'recalibrate':
      return plural(stage.batches, 'batch', 'batches')
    case 'train': {
      const epochs = plural(stage.epochs, 'epoch')
      return stage.trainable === 'all' ? epochs : `${trainables[stage.trainable].label.toLowerCase()}, ${epochs}`
    }
    case 'distill':
      return `${distillationLosses[stage.loss].label.toLowerCase()}, ${plural(stage.epochs, 'epoch')}`
    default:
      return undefined
  }
}

function targetText({ sparsity, target }: StageOf<'prune'>): string {
  if (target?.kind === 'file-size') return bytes(target.bytes)
  if (target?.kind === 'accuracy') return `at most ${sharePercent(target.lose)} lost`
  return sharePercent(sparsity ?? 0)
}

export function resultText(outcome: StageOutcome | null): string | undefined {
  switch (outcome?.use) {
    case 'disable-features': {
      const { disabled, features } = outcome.result
      return `${percent(disabled / features)} of features`
    }
    case 'evaluate':
      return percent(outcome.result.top1, shareDigits(outcome.result.total))
    case 'prune':
      return prunedText(outcome.result)
    case 'federate': {
      const kept = outcome.result.rounds.find(round => round.round === outcome.result.kept)
      return kept?.top1 == null ? undefined : `${percent(kept.top1)} validation`
    }
    case 'recalibrate':
      return `moved ${outcome.result.shift.toPrecision(2)} s.d.`
    case 'distill': {
      const { top1, total, gain } = outcome.result
      const points = `${gain < 0 ? '−' : '+'}${(100 * Math.abs(gain)).toFixed(2)}`
      return `${percent(top1, shareDigits(total))}, ${points} over its twin`
    }
    case 'train': {
      const kept = outcome.result.epochs.find(epoch => epoch.epoch === outcome.result.kept)
      if (!kept) return undefined
      return kept.valTop1 === null ? `loss ${kept.loss.toFixed(3)}` : `${percent(kept.valTop1)} validation`
    }
    default:
      return undefined
  }
}

/** "90.00 % zeros, 21.34 % of MACs left": how much smaller it became is not how much less it computes. */
const prunedText = ({ sparsity, macs }: StageResultOf<'prune'>): string =>
  `${percent(sparsity)} zeros${macs ? `, ${percent(macs.nonzero / macs.total)} of MACs left` : ''}`
