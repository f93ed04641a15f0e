/** The recipes that one with a study stands for: a recipe for each pair and loss. */
import { distillationLosses } from '../shared/methods.ts'
import type { Recipe } from '../shared/recipe.ts'
import type { StageOf } from '../shared/stages.ts'

type Distill = StageOf<'distill'>
type Pair = NonNullable<NonNullable<Recipe['study']>['pairs']>[number]
type Loss = NonNullable<NonNullable<Recipe['study']>['losses']>[number]

export interface StudyMember {
  readonly recipe: Recipe
  /** Members of one group differ in the settings of their loss alone, not in its kind. */
  readonly group: string
}

/** A recipe without a study is itself. */
export const studyRecipes = (recipe: Recipe): Recipe[] => studyMembers(recipe).map(member => member.recipe)

export function studyMembers({ study, ...recipe }: Recipe): StudyMember[] {
  if (!study) return [{ recipe, group: '' }]
  return (study.pairs ?? [undefined]).flatMap((pair, number) =>
    (study.losses ?? [undefined]).map(loss => {
      const parts = [pair && nameOfPair(pair), loss && nameOfLoss(loss)].filter(part => part !== undefined)
      return {
        group: `${number} ${loss?.loss}`,
        recipe: {
          ...recipe,
          name: `${recipe.name} · ${parts.join(' · ')}`.slice(0, 200),
          ...(pair && { model: pair.student }),
          stages: recipe.stages.map(stage => (stage.use === 'distill' ? varied(stage, pair, loss) : stage)),
        },
      }
    }),
  )
}

function varied(stage: Distill, pair: Pair | undefined, loss: Loss | undefined): Distill {
  const given = Object.fromEntries(Object.entries(loss ?? {}).filter(([, value]) => value !== undefined))
  return { ...stage, ...given, ...(pair && { teacher: pair.teacher }) }
}

const lastSegment = (path: string) => path.split(/[\\/]/).filter(Boolean).at(-1)!

function nameOfPair({ teacher, student }: Pair): string {
  const given = teacher.run === undefined ? `stage ${teacher.stage}` : `run ${teacher.run}`
  const from = teacher.checkpoint === undefined ? given : lastSegment(teacher.checkpoint)
  return `${from} to ${student.architecture ?? lastSegment(student.checkpoint!)}`
}

/** All that it says: runs of one study must be told apart by their names. */
const nameOfLoss = ({ loss, alpha, temperature, beta, taps, teacherScaling, clipping }: Loss) =>
  [
    distillationLosses[loss].label.toLowerCase(),
    alpha === undefined ? '' : `alpha ${alpha}`,
    temperature === undefined ? '' : `T ${temperature}`,
    beta === undefined ? '' : `beta ${beta}`,
    taps ? `taps ${taps.join(' ')}` : '',
    teacherScaling ? 'scaled' : '',
    clipping === 'student-only' ? 'projections left out of clipping' : '',
  ]
    .filter(Boolean)
    .join(' ')
