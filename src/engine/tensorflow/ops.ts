/** What each ONNX op becomes in TensorFlow: one file an op in `ops/`, one line here. */
import type { OpType } from '../../core/graph/model.ts'
import type { TensorflowOp } from './op.ts'
import { add } from './ops/add.ts'
import { averagePool } from './ops/average-pool.ts'
import { batchNormalization } from './ops/batch-normalization.ts'
import { channelGate } from './ops/channel-gate.ts'
import { concat } from './ops/concat.ts'
import { conv } from './ops/conv.ts'
import { dropout } from './ops/dropout.ts'
import { fastGrnn } from './ops/fast-grnn.ts'
import { flatten } from './ops/flatten.ts'
import { gemm } from './ops/gemm.ts'
import { globalAveragePool } from './ops/global-average-pool.ts'
import { matMul } from './ops/mat-mul.ts'
import { maxPool } from './ops/max-pool.ts'
import { pad } from './ops/pad.ts'
import { relu } from './ops/relu.ts'
import { slice } from './ops/slice.ts'

export const tensorflowOps: Readonly<Record<OpType, TensorflowOp>> = {
  Conv: conv,
  BatchNormalization: batchNormalization,
  Relu: relu,
  Add: add,
  GlobalAveragePool: globalAveragePool,
  AveragePool: averagePool,
  MaxPool: maxPool,
  Flatten: flatten,
  Gemm: gemm,
  Slice: slice,
  Pad: pad,
  Concat: concat,
  Dropout: dropout,
  MatMul: matMul,
  FastGRNN: fastGrnn,
  ChannelGate: channelGate,
}
