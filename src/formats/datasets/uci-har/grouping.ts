/** Activities that are taken for one class. */
import { EspalierError } from '../../../shared/errors.ts'
import type { ReaderOptions } from '../../../shared/reader-options.ts'

type Grouping = NonNullable<ReaderOptions['grouping']>

/** HAR-2 of FastGRNN (Kusupati et al. 2018): two classes of three activities. */
const groupings: Readonly<Record<Grouping, readonly (readonly string[])[]>> = {
  'har-2': [
    ['SITTING', 'LAYING', 'WALKING_UPSTAIRS'],
    ['STANDING', 'WALKING', 'WALKING_DOWNSTAIRS'],
  ],
}

/** The new classes, and the new class of each activity. Throws `argument.invalid` where the activities are others. */
export function groupActivities(
  grouping: Grouping,
  activities: readonly string[],
  file: string,
): { classes: readonly string[]; groupOf: readonly number[] } {
  const groups = groupings[grouping]
  const groupOf = activities.map(activity => groups.findIndex(group => group.includes(activity.toUpperCase())))
  if (groupOf.includes(-1) || activities.length !== groups.flat().length) {
    throw new EspalierError({
      code: 'argument.invalid',
      message: `data.reader.grouping ${grouping} does not fit the activities of ${file}: ${activities.join(', ')}.`,
      file,
      rule: `The grouping ${grouping} is of ${groups.flat().join(', ')}.`,
    })
  }
  return { classes: groups.map(group => group.join(' + ')), groupOf }
}
