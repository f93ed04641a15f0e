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

export const featureCountsSchema = z.strictObject({
  threshold: z.number(),
  features: z.int().min(1),
  /** With |gamma| below the threshold. */
  disabled: z.int().min(0),
  /** In forward order. */
  layers: z.array(layerFeaturesSchema),
})
export type FeatureCounts = z.output<typeof featureCountsSchema>
