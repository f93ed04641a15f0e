/** The words of the field that a newcomer may not know, explained once. */
import { distillationTerms } from '../../../shared/study-text.ts'

export const terms = {
  ...distillationTerms,
  prunable:
    'Weights that pruning may set to zero: the kernels of convolution and linear layers, the last layer included.',
  batchNorm: 'Scale and shift parameters of batch normalisation layers. Pruning leaves them alone.',
  macs: 'Multiply-accumulate operations for one sample: the work of a forward pass. Papers often call them FLOPs.',
  nonzeroMacs:
    'Multiply-accumulates whose weight is not zero. A dense kernel still does all of them: zeros alone make nothing faster.',
  sparsity: 'Share of the prunable weights that are zero.',
  top1: 'Share of samples whose highest-scored class is the right one.',
  top5: 'Share of samples whose right class is among the five highest-scored.',
  loss: 'Mean cross-entropy in nats: how surprised the model is by the right answers. Lower is better.',
  validation: 'Training samples that are held out: scored after each epoch, never trained on.',
  learningRate: 'How far a step goes along the gradient. The schedule changes it over the epochs.',
  gradientNorm: 'Length of the gradient of all trained weights, before clipping.',
  disabledFeatures: 'Share of the channels of batch norm whose gamma is below 0.01 in absolute value.',
  curve:
    'How much the output of the network changes when this layer alone loses a share of its weights, the least important first. A flat curve is a layer that can lose much.',
  distortion:
    'Squared change of the outputs before softmax (logits), against those of the unpruned network. 0 = nothing changes.',
  modelFile:
    'What the project keeps: a pruned kernel is a bit for each weight and four bytes for each that is kept. Other formats are larger or smaller.',
  summedDistortion:
    'Sum of the change that each layer makes when it alone is pruned so far, as its curve has it. The solver makes this as small as the target allows.',
  runningMaximum:
    'Reads a curve as the largest value so far, so that it never falls: more pruning is never taken for less harm.',
  additivity:
    'The solver adds up what each layer does alone. Here whole allocations were pruned and measured, and held against that sum.',
  slope: 'Measured change over summed change, by least squares: 1 where changes add up.',
  rankCorrelation:
    'Whether the sum puts allocations into the right order: 1 = always, 0 = by chance. It is what the choice among them needs.',
  traffic: 'What the clients of a round sent to the server and got from it, headers included.',
  gap: 'Accuracy of the teacher less that of the student, on validation, in percentage points of samples.',
  lossParts: 'What the loss is made of. The parts add up to it; alpha is their share.',
  seed: 'The integer that fixes every random choice of a run. The same recipe and seed give the same result.',
  split: 'The part of the data that was scored.',
  baseline: 'The run that the others are measured against.',
  stale: 'Scored before the model was changed again; no later score is there.',
  change: 'Difference to the first evaluate stage of the same run, in percentage points.',
} as const
