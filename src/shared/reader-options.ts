/** How the files of a data set are read, where they leave it open: `data.reader` of a recipe. */
import { z } from 'zod'

const side = z.int().min(1).max(4096)

export const readerOptionsSchema = z
  .strictObject({
    crop: side.optional().meta({
      label: 'Crop',
      unit: 'pixels',
      help: 'Images in class folders: side of the square that is cut out of the middle. Needed where images differ in size.',
    }),
    resize: side.optional().meta({
      label: 'Resize',
      unit: 'pixels',
      help: 'Images in class folders: what the shorter side is scaled to before the crop. Left out: 8/7 of the crop (256 for 224).',
    }),
    color: z
      .enum(['gray', 'rgb'])
      .optional()
      .meta({
        label: 'Colour',
        help: 'Images in class folders. Left out: gray where every file stores gray, else RGB; with a crop always RGB.',
        choices: {
          gray: { label: 'Gray', help: 'one channel; colours become their luma' },
          rgb: { label: 'RGB', help: 'three channels; gray is repeated' },
        },
      }),
    layout: z
      .enum(['image', 'series'])
      .optional()
      .meta({
        label: 'Layout',
        help: 'NumPy arrays of three dims. Left out: series where they are floats and not square, else images.',
        choices: {
          image: { label: 'Images', help: 'samples x height x width' },
          series: { label: 'Time series', help: 'samples x steps x features' },
        },
      }),
    window: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .meta({ label: 'Window', unit: 'rows', help: 'Tables: rows that make a sample. Left out: 1.' }),
    stride: z.int().min(1).max(100_000).optional().meta({
      label: 'Stride',
      unit: 'rows',
      help: 'Tables: rows from the start of a window to that of the next. Left out: the length of the window.',
    }),
    label: z
      .union([z.string().min(1), z.int().min(1)])
      .optional()
      .meta({
        label: 'Label column',
        help: 'Tables: name of the column that holds the class, or its number, counted from 1. Left out: the one called label, class, activity or target, else the last.',
      }),
    columns: z.array(z.string().min(1)).min(1).optional().meta({
      label: 'Columns',
      help: 'Tables: names of the columns that are features. Left out: all that hold numbers, but the label.',
    }),
    grouping: z
      .enum(['har-2'])
      .optional()
      .meta({
        label: 'Grouping',
        help: 'Classes that become one.',
        choices: {
          'har-2': {
            label: 'HAR-2',
            help: 'the six activities of UCI HAR as two: sitting, laying and walking upstairs; standing, walking and walking downstairs',
          },
        },
      }),
  })
  .check(({ value: { crop, resize }, issues }) => {
    if (crop !== undefined && resize !== undefined && resize < crop)
      issues.push({
        code: 'custom',
        message: `must be at least crop, which is ${crop}`,
        input: resize,
        path: ['resize'],
      })
  })

export type ReaderOptions = z.output<typeof readerOptionsSchema>
export type ReaderOption = keyof ReaderOptions
