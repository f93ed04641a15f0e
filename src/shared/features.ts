/** Features of batch norm: one a channel, as large as its gamma makes it. */
import { z } from 'zod'

/** A feature whose |gamma| is below this counts as disabled (Frankle, Schwab and Morcos 2021, section 5). */
export const disabledBelow = 0.01

const layerFeaturesSchema = z.strictObject({
  /** Of the batch norm, such as `layer1.0.bn1`. */
  name: z.string(),
  features: z.int().min(1),
  disabled: z.int().min(0),
})
export type LayerFeatures = z.output<typeof layerFeaturesSchema>

/** Values in equal bins from the smallest to the largest; one value alone is one bin. */
const histogramSchema = z.strictObject({ low: z.number(), high: z.number(), counts: z.array(z.int().min(0)) })

/** Gammas and betas of one batch norm at a moment. */
const normStatisticsSchema = z.strictObject({
  ...layerFeaturesSchema.shape,
  gamma: histogramSchema,
  beta: histogramSchema,
})
export type NormStatistics = z.output<typeof normStatisticsSchema>

/** Every batch norm at a moment of a stage that trains it, in forward order; disabled = |gamma| below `disabledBelow`. */
export const normSnapshotSchema = z.strictObject({
  stage: z.int().min(0),
  step: z.int().min(0),
  layers: z.array(normStatisticsSchema),
})
export type NormSnapshot = z.output<typeof normSnapshotSchema>

export const featureCountsSchema = z.strictObject({
  threshold: z.number(),
  features: z.int().min(1),
  /** With |gamma| below the threshold. */
  disabled: z.int().min(0),
  /** In forward order. */
  layers: z.array(layerFeaturesSchema),
})
export type FeatureCounts = z.output<typeof featureCountsSchema>
