/** What recipes can get wrong about training: used for the words of each problem, and for what the terminal does with it. */

export const recipeOf = (stage: unknown, data = {}) => ({
  model: { architecture: 'resnet8-a' },
  data: { path: 'data', ...data },
  stages: [stage],
})

export const train = (part: object) => ({ use: 'train', epochs: 4, ...part })
export const prune = (part: object) => ({ use: 'prune', sparsity: 0.9, ...part })

/** A stage, the key in it that is wrong, what is said of it, and the hint. */
export const wrongValues: readonly [unknown, string, RegExp, string?][] = [
  [{ use: 'train' }, 'epochs', /is required/],
  [train({ epochs: 0 }), 'epochs', /must be at least 1, got 0$/],
  [train({ epochs: -1 }), 'epochs', /must be at least 1, got -1$/],
  [train({ epochs: 1.5 }), 'epochs', /must be a whole number, got 1\.5$/],
  [train({ epochs: '3' }), 'epochs', /must be of type number, got "3"$/],
  [train({ epochs: 1e6 }), 'epochs', /must be at most 10000/],
  [train({ batch: 0 }), 'batch', /must be at least 1, got 0$/],
  [train({ batch: 1e5 }), 'batch', /must be at most 4096/],
  [train({ optimizer: 'adm' }), 'optimizer.kind', /must be one of sgd, adam, adamw, got "adm"/, 'Did you mean "adam"?'],
  [train({ optimizer: { kind: 'SGD' } }), 'optimizer.kind', /must be one of sgd, adam, adamw/, 'Did you mean "sgd"?'],
  [train({ optimizer: 0.1 }), 'optimizer', /must be of type object, got 0\.1$/],
  [train({ optimizer: { lr: 0 } }), 'optimizer.lr', /must be above 0, got 0$/],
  [train({ optimizer: { lr: 1000 } }), 'optimizer.lr', /must be at most 100/],
  [train({ optimizer: { lr: -1 } }), 'optimizer.lr', /must be above 0/],
  [train({ optimizer: { lr: '0.1' } }), 'optimizer.lr', /must be of type number, got "0\.1"$/],
  [train({ optimizer: { momentum: 1 } }), 'optimizer.momentum', /must be below 1, got 1$/],
  [train({ optimizer: { momentum: 0, nesterov: true } }), 'optimizer.nesterov', /needs a momentum above 0/],
  [train({ optimizer: { weightDecay: -1e-4 } }), 'optimizer.weightDecay', /must be at least 0/],
  [train({ optimizer: { kind: 'adam', beta2: 1 } }), 'optimizer.beta2', /must be below 1/],
  [train({ optimizer: { kind: 'adam', epsilon: 0 } }), 'optimizer.epsilon', /must be above 0/],
  [train({ schedule: 'cosin' }), 'schedule.kind', /must be one of constant, cosine/, 'Did you mean "cosine"?'],
  [train({ schedule: { kind: 'step', milestones: [] } }), 'schedule.milestones', /at least 1/],
  [train({ schedule: { kind: 'step', milestones: [0] } }), 'schedule.milestones[0]', /must be at least 1/],
  [train({ schedule: { kind: 'step', factor: 1 } }), 'schedule.factor', /must be below 1/],
  [train({ schedule: { kind: 'cosine', minimum: -1 } }), 'schedule.minimum', /must be at least 0/],
  [train({ schedule: { warmUpEpochs: 5 } }), 'schedule.warmUpEpochs', /must be at most epochs, which is 4, got 5$/],
  [train({ labelSmoothing: 1 }), 'labelSmoothing', /must be below 1/],
  [train({ labelSmoothing: -0.1 }), 'labelSmoothing', /must be at least 0/],
  [train({ clipNorm: 0 }), 'clipNorm', /must be above 0/],
  [train({ precision: 'fp16' }), 'precision', /must be one of f32, bf16/, 'Did you mean "bf16"?'],
  [train({ keep: 'bst' }), 'keep', /must be one of best, last/, 'Did you mean "best"?'],
  [train({ earlyStop: 0 }), 'earlyStop', /must be at least 1/],
  [{ use: 'recalibrate', batches: 0 }, 'batches', /must be at least 1/],
  [prune({ schedule: 'gradual' }), 'schedule.endEpoch', /is required/],
  [prune({ schedule: 'iterative' }), 'train', /is required by the schedule iterative/],
  [prune({ schedule: { endEpoch: 3 } }), 'schedule.kind', /must be one of one-shot, gradual, iterative/],
  [
    prune({ schedule: { kind: 'gradual', startEpoch: 3, endEpoch: 3 }, train: { epochs: 4 } }),
    'schedule.startEpoch',
    /must be below endEpoch, which is 3/,
  ],
  [
    prune({ schedule: { kind: 'gradual', endEpoch: 5 }, train: { epochs: 4 } }),
    'schedule.endEpoch',
    /must be at most train\.epochs, which is 4/,
  ],
  [
    prune({ schedule: { kind: 'iterative', rounds: 2, share: 0.5 }, train: { epochs: 1 } }),
    'schedule.share',
    /cannot stand beside rounds/,
  ],
  [prune({ schedule: { kind: 'iterative', share: 1 }, train: { epochs: 1 } }), 'schedule.share', /must be below 1/],
  [
    prune({ train: { epochs: 2, optimizer: 'sdg' } }),
    'train.optimizer.kind',
    /must be one of sgd/,
    'Did you mean "sgd"?',
  ],
  [prune({ gradientBatches: 0 }), 'gradientBatches', /must be at least 1/],
]

/** A stage, the key in it that there is not, and the hint. */
export const unknownKeys: readonly [unknown, string, string?][] = [
  [train({ epoch: 1 }), 'epoch', 'Did you mean "epochs"?'],
  [train({ optimizer: { momentom: 0.9 } }), 'optimizer.momentom', 'Did you mean "momentum"?'],
  [train({ optimizer: { kind: 'adam', momentum: 0.9 } }), 'optimizer.momentum'],
  [train({ schedule: { kind: 'cosine', minimun: 0 } }), 'schedule.minimun', 'Did you mean "minimum"?'],
  [prune({ train: { epochs: 1, bach: 8 } }), 'train.bach', 'Did you mean "batch"?'],
]
