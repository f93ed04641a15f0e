/**
 * The ids, names and one-line explanations of every choice a recipe offers. A member is one entry here (what a
 * person reads) and one file in `core/` (what it does); the registries in `core/` are checked against these keys.
 */

export interface Choice {
  readonly label: string
  readonly help: string
}

export const scores = {
  magnitude: { label: 'Magnitude', help: 'Absolute value of the weight; the smallest go first.' },
  taylor: {
    label: 'Taylor',
    help: 'Size of weight times gradient: how much the loss changes, to first order, when the weight goes.',
  },
  random: {
    label: 'Random',
    help: 'Any weight as likely as another, by the seed of the run: what a score has to beat.',
  },
} as const satisfies Record<string, Choice>

export const allocations = {
  global: {
    label: 'Global',
    help: 'One threshold for the whole network: exactly floor(s x N) of all N convolution and linear weights go.',
  },
  'global-mt': {
    label: 'Global with minimum threshold',
    help: 'The published rule for minimumKeep: shares of the one threshold are scaled until every layer keeps the minimum; each layer then loses floor(share x n).',
  },
  uniform: {
    label: 'Uniform',
    help: 'The same share in every layer: exactly floor(s x n) of the n weights of each layer go.',
  },
  'uniform-plus': {
    label: 'Uniform+',
    help: 'The first layer stays as it is, the last keeps a fifth of its weights, all others go by one share; floor(s x N) in all.',
  },
  erk: {
    label: 'ERK',
    help: 'Erdős-Rényi-Kernel: what a layer keeps is in proportion to the sum of the sizes of its kernel; floor(s x N) go in all.',
  },
  lamp: {
    label: 'LAMP',
    help: 'One threshold for squared scores over the sum of those of the layer that are not smaller, so that no layer dies early; floor(s x N) go.',
  },
  random: {
    label: 'Random counts',
    help: 'Zeros of each layer as if floor(s x N) weights were drawn from the whole network, by the seed of the run.',
  },
  'rate-distortion': {
    label: 'Rate-distortion',
    help: 'The smallest sum of measured changes of the output, by dynamic programming; floor(s x N) go, or that share of MACs.',
  },
  lagrangian: {
    label: 'Lagrangian',
    help: 'The same sum by one trade-off between change and size for all layers; the convex approximation of it.',
  },
} as const satisfies Record<string, Choice>

export const distillationLosses = {
  logit: {
    label: 'Logits',
    help: "Temperature squared times the divergence of the teacher's class probabilities from the student's, both softened by the temperature.",
  },
  feature: {
    label: 'Features',
    help: "Squared difference of the features behind each network stage, the student's through a 1x1 projection, and beta times the cosine distance of their means over the image.",
  },
} as const satisfies Record<string, Choice>

export const normalizations = {
  imagenet: { label: 'ImageNet', help: 'mean .485 .456 .406, standard deviation .229 .224 .225' },
  cifar10: { label: 'CIFAR-10', help: 'mean .4914 .4822 .4465, standard deviation .2470 .2435 .2616' },
  'cifar10-short': { label: 'CIFAR-10 (short)', help: 'mean .4914 .4822 .4465, standard deviation .2023 .1994 .2010' },
  half: { label: 'Half', help: 'mean .5, standard deviation .5: inputs in [-1, 1]' },
  training: { label: 'Training samples', help: 'mean and standard deviation of the training samples, per channel' },
  none: { label: 'None', help: 'pixels / 255, nothing else; stored floats as they are' },
} as const satisfies Record<string, Choice>

export const augmentations = {
  none: { label: 'None', help: 'training samples as they are stored' },
  'crop-flip': {
    label: 'Crop and flip',
    help: 'shifted by up to 4 pixels each way, black where the image ends, and mirrored half of the time',
  },
  'crop-flip-reflect': {
    label: 'Crop and flip, reflected',
    help: 'the same, with the image reflected where it ends',
  },
  'resized-crop': {
    label: 'Resized crop and flip',
    help: 'a random part of 8 to 100 % of the image file, scaled to the size of a sample, and mirrored half of the time; needs data.reader.crop',
  },
} as const satisfies Record<string, Choice>

export const trainables = {
  all: { label: 'All', help: 'every weight, bias, gamma and beta' },
  batchnorm: {
    label: 'Batch norm',
    help: 'gammas and betas only; all other weights stay as they are, the output layer included',
  },
  'batchnorm-shortcut-output': {
    label: 'Batch norm, shortcuts and output',
    help: 'gammas and betas, the convolutions of shortcuts where there are any, and the output layer',
  },
  'shortcut-output': {
    label: 'Shortcuts and output',
    help: 'the convolutions of shortcuts where there are any, and the output layer; batch norm stays as it is',
  },
  'random-weights': {
    label: 'Random weights',
    help: 'as many weights of convolutions as batch norm has parameters, drawn by the seed of the run: what batch norm is held against',
  },
  none: { label: 'None', help: 'nothing; only the running statistics of batch norm move' },
} as const satisfies Record<string, Choice>

/** The names are those of open_lth. */
export const batchNormInits = {
  uniform: { label: 'Uniform', help: 'gamma from U(0, 1), beta 0: what batch norm alone is usually trained from' },
  fixed: { label: 'Fixed', help: 'gamma 1, beta 0: what networks usually begin with' },
  oneone: { label: 'One and one', help: 'gamma 1, beta 1' },
  posneg: { label: 'Either sign', help: 'gamma from U(-1, 1), beta 0' },
} as const satisfies Record<string, Choice>

export type ScoreId = keyof typeof scores
export type AllocationId = keyof typeof allocations
export type DistillationLossId = keyof typeof distillationLosses
export type NormalizationId = keyof typeof normalizations
export type AugmentationId = keyof typeof augmentations
export type TrainableId = keyof typeof trainables
export type BatchNormInitId = keyof typeof batchNormInits

/** The keys of a table of choices, in the form `z.enum` wants. */
export const idsOf = <T extends Record<string, Choice>>(table: T) =>
  Object.keys(table) as [keyof T & string, ...(keyof T & string)[]]
