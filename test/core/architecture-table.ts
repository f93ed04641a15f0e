/** What the architectures of the papers come to. */
export interface Row {
  readonly id: string
  readonly prunable?: number
  readonly batchNorm: number
  readonly total: number
  /** In millions, with the digits that are given. */
  readonly macs?: string
}

/** From the papers' code, by hand, and the totals of torchvision's networks. */
export const architectureTable: readonly Row[] = [
  { id: 'resnet20-a', prunable: 268_336, batchNorm: 1_376, total: 269_722, macs: '40.55' },
  { id: 'resnet20-b', prunable: 270_896, batchNorm: 1_568, total: 272_474, macs: '40.81' },
  { id: 'resnet32-a', prunable: 461_872, batchNorm: 2_272, total: 464_154, macs: '68.86' },
  { id: 'resnet32-b', prunable: 464_432, batchNorm: 2_464, total: 466_906, macs: '69.12' },
  { id: 'resnet56-b', prunable: 851_504, batchNorm: 4_256, total: 855_770, macs: '125.7' },
  { id: 'resnet110-b', prunable: 1_722_416, batchNorm: 8_288, total: 1_730_714, macs: '253.1' },
  { id: 'resnet14-b', batchNorm: 1_120, total: 175_258, macs: '26.7' },
  { id: 'resnet218-b', batchNorm: 16_352, total: 3_480_602 },
  { id: 'resnet434-b', batchNorm: 32_480, total: 6_980_378 },
  { id: 'resnet866-b', batchNorm: 64_736, total: 13_979_930 },
  { id: 'resnet14-b-w2', batchNorm: 2_240, total: 696_618, macs: '105.7' },
  { id: 'resnet14-b-w4', batchNorm: 4_480, total: 2_777_674, macs: '421' },
  { id: 'resnet14-b-w8', batchNorm: 8_960, total: 11_093_130, macs: '1681' },
  { id: 'vgg16-bn-cifar', prunable: 14_715_584, batchNorm: 8_448, total: 14_728_266, macs: '313.2' },
  { id: 'vgg16-bn-fc4096-cifar', batchNorm: 8_448, total: 14_718_912 + 18_923_530 },
  { id: 'vgg16-bn-fc4096-cifar+gate0.7', batchNorm: 8_448, total: 35_281_162 },
  { id: 'resnet32-a+gate0.7', batchNorm: 2_272, total: 516_474 },
  { id: 'densenet121-k12', prunable: 969_288, batchNorm: 31_320, total: 1_000_618, macs: '125.3' },
  { id: 'vgg11-cifar', batchNorm: 0, total: 9_750_922 },
  { id: 'resnet18-cifar', prunable: 11_164_352, batchNorm: 9_600, total: 11_173_962, macs: '555' },
  { id: 'resnet34-cifar', prunable: 21_265_088, batchNorm: 17_024, total: 21_282_122, macs: '1159' },
  { id: 'resnet50-cifar', prunable: 23_467_712, batchNorm: 53_120, total: 23_520_842, macs: '1298' },
  { id: 'resnet101-cifar', prunable: 42_407_616, batchNorm: 105_344, total: 42_512_970, macs: '2510' },
  { id: 'resnet50-imagenet', prunable: 25_502_912, batchNorm: 53_120, total: 25_557_032, macs: '4089' },
  { id: 'mobilenet-v1', prunable: 4_209_088, batchNorm: 21_888, total: 4_230_976, macs: '568.7' },
  { id: 'wrn-28-8', prunable: 23_340_464, batchNorm: 14_368, total: 23_354_842, macs: '3360' },
  { id: 'wrn-22-8', batchNorm: 10_784, total: 17_158_106 },
  { id: 'lenet5', prunable: 430_500, batchNorm: 0, total: 431_080 },
  { id: 'fastgrnn-80', prunable: 720 + 6_400 + 160, batchNorm: 0, total: 720 + 6_400 + 160 + 2 + 162 },
  { id: 'resnet18-imagenet', batchNorm: 9_600, total: 11_689_512 },
  { id: 'resnet34-imagenet', batchNorm: 17_024, total: 21_797_672 },
  { id: 'resnet101-imagenet', batchNorm: 105_344, total: 44_549_160 },
  { id: 'resnet152-imagenet', batchNorm: 151_424, total: 60_192_808 },
  { id: 'densenet121-k32', batchNorm: 83_648, total: 7_978_856 },
  { id: 'vgg16-imagenet', batchNorm: 0, total: 138_357_544 },
  { id: 'vgg16-bn-imagenet', batchNorm: 8_448, total: 138_365_992 },
]
