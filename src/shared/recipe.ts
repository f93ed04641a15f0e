/**
 * The recipe: one document for window, terminal and cluster (design, section 5). Unknown keys are refused with the
 * near one suggested; every default is filled in here and nowhere else.
 */
import { z } from 'zod'
import { kindKeys } from './by-kind.ts'
import { EspalierError } from './errors.ts'
import { augmentations, type BatchNormInitId, batchNormInits, idsOf, normalizations } from './methods.ts'
import { nearest } from './nearest.ts'
import { readerOptionsSchema } from './reader-options.ts'
import { stageSchema } from './stages.ts'
import { recipeStudySchema } from './study.ts'

const recipeShape = {
  espalier: z.literal(1).default(1),
  name: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .default('Untitled recipe')
    .meta({ label: 'Name', help: 'What the runs are called.' }),
  model: z
    .strictObject({
      checkpoint: z
        .string()
        .min(1)
        .optional()
        .meta({ label: 'Checkpoint', help: 'A weights file; relative to the recipe.' }),
      architecture: z.string().min(1).optional().meta({
        label: 'Architecture',
        help: 'An id such as resnet20-a. With a checkpoint it is found from the file.',
      }),
      batchNorm: z.enum(idsOf(batchNormInits)).optional().meta({
        label: 'Batch norm begins',
        help: 'What gammas and betas of fresh weights are. Left out: uniform where a stage trains another set than all, fixed elsewhere.',
        choices: batchNormInits,
      }),
    })
    .refine(model => model.checkpoint !== undefined || model.architecture !== undefined, {
      message: 'needs a checkpoint, or an architecture for fresh weights',
    })
    .refine(model => model.checkpoint === undefined || model.batchNorm === undefined, {
      message: 'is for fresh weights: a checkpoint has its own',
      path: ['batchNorm'],
    }),
  data: z.strictObject({
    path: z.string().min(1).meta({ label: 'Data', help: 'A data set folder or file; relative to the recipe.' }),
    normalize: z
      .enum(idsOf(normalizations))
      .default('imagenet')
      .meta({ label: 'Normalisation', help: 'What the checkpoint was trained with.', choices: normalizations }),
    augment: z
      .enum(idsOf(augmentations))
      .default('none')
      .meta({ label: 'Augmentation', help: 'Random changes to training samples.', choices: augmentations }),
    validation: z.number().min(0).max(0.5).default(0.1).meta({
      label: 'Validation share',
      unit: 'share',
      help: 'Share of the training data held out, by a seeded split that does not depend on the run seed.',
    }),
    reader: readerOptionsSchema
      .optional()
      .meta({ label: 'Reader', help: 'How the files are read, where they leave it open.' }),
  }),
  seeds: z.array(z.int().min(0).max(0xffffffff)).min(1).max(100).default([0]).meta({
    label: 'Seeds',
    help: 'One run for each.',
  }),
  stages: z.array(stageSchema).min(1).max(100),
  study: recipeStudySchema.optional().meta({
    label: 'Study',
    help: 'Distils every pair with every loss, under all seeds or the best of them under more than the first.',
  }),
}

export const recipeSchema = z.strictObject(recipeShape).check(({ value, issues }) => {
  if (value.study && !value.stages.some(({ use }) => use === 'distill'))
    issues.push({ code: 'custom', message: 'needs a distill stage', input: undefined, path: ['study'] })
  const isChosenBlind = value.stages.some(stage => stage.use === 'distill' && stage.choose === 'validation')
  if (value.study?.repeat === 'best' && value.data.validation === 0 && isChosenBlind)
    issues.push({
      code: 'custom',
      message: 'needs validation samples to choose by, and data.validation is 0',
      input: 'best',
      path: ['study', 'repeat'],
    })
  const requireEarlier = (taughtBy: number | undefined, index: number, place: (string | number)[]) => {
    if (taughtBy !== undefined && taughtBy >= index)
      issues.push({
        code: 'custom',
        message: `must be the number of an earlier stage, below ${index}`,
        input: taughtBy,
        path: [...place, 'teacher', 'stage'],
      })
  }
  const firstTaught = value.stages.findIndex(({ use }) => use === 'distill')
  for (const [number, { teacher }] of (value.study?.pairs ?? []).entries())
    requireEarlier(teacher.stage, firstTaught, ['study', 'pairs', number])
  for (const [index, stage] of value.stages.entries()) {
    if (stage.use === 'distill') requireEarlier(stage.teacher.stage, index, ['stages', index])
    if (value.data.validation > 0) continue
    const fault = (key: string[], input: unknown) =>
      issues.push({
        code: 'custom',
        message: 'needs validation samples, and data.validation is 0',
        input,
        path: ['stages', index, ...key],
      })
    const training = stage.use === 'prune' ? stage.train : 'epochs' in stage ? stage : undefined
    if (training?.earlyStop !== undefined)
      fault([...(stage.use === 'prune' ? ['train'] : []), 'earlyStop'], training.earlyStop)
    if (stage.use === 'prune' && stage.target?.kind === 'accuracy') fault(['target'], stage.target)
  }
})

/** A recipe as it may be written: defaults left out. */
export type RecipeInput = z.input<typeof recipeSchema>
/** A recipe with every default filled in. */
export type Recipe = z.output<typeof recipeSchema>

/** What gammas and betas begin as where the weights are fresh; five-systems 5a where less than everything is trained. */
export function batchNormInitOf({ model, stages }: Pick<Recipe, 'model' | 'stages'>): BatchNormInitId {
  const isInPart = stages.some(stage => stage.use === 'train' && stage.trainable !== 'all')
  return model.batchNorm ?? (isInPart ? 'uniform' : 'fixed')
}

/** What the model is called that a stage left, where it teaches: stages are counted from 1 wherever a person reads them. */
export const teacherAfter = ({ stages }: Pick<Recipe, 'stages'>, index: number): string =>
  `the model after stage ${index + 1}, ${stages[index]!.use}`

/** One thing wrong with a recipe, at a path such as `stages[1].sparsity`. */
export const recipeProblemSchema = z.strictObject({
  path: z.string(),
  message: z.string(),
  code: z.enum(['recipe.invalid', 'recipe.unknown-key']),
  hint: z.string().optional(),
})
export type RecipeProblem = z.infer<typeof recipeProblemSchema>

const pathOf = (path: readonly PropertyKey[]) =>
  path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text ? `${text}.${String(key)}` : String(key)),
    '',
  )

/** The keys a strict object at `path` would have taken, for the suggestion. */
function knownKeysAt(path: readonly PropertyKey[], input: unknown): readonly string[] {
  let schema: unknown = recipeSchema
  let value: unknown = input
  for (const key of path) {
    schema = inner(schema, value)
    value = (value as Record<PropertyKey, unknown> | undefined)?.[key]
    if (schema instanceof z.ZodObject) schema = (schema.shape as Record<PropertyKey, unknown>)[key]
    else if (schema instanceof z.ZodArray) schema = schema.element
    else return []
  }
  schema = inner(schema, value)
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

/** Looks through defaults and shorthands, and picks the branch of a union by its discriminator. */
function inner(schema: unknown, value: unknown): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return inner(schema.unwrap(), value)
  if (schema instanceof z.ZodPipe) return inner(schema.out, value)
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def
    const named = (value as Record<string, unknown> | undefined)?.[discriminator]
    // An object that names none is of the usual kind, which comes first.
    if (named === undefined) return schema.options[0]
    return schema.options.find(
      option => option instanceof z.ZodObject && option.shape[discriminator]?.safeParse(named).success,
    )
  }
  return schema
}

/** What would have stood in the place of a value, where that is a list. */
function optionsOf(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String)
  if (issue.code === 'invalid_union' && 'options' in issue) return (issue.options ?? []).map(String)
  return []
}

/** The broken rule in plain words; zod's own wording where it is plain enough. */
function ruleOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_big' && issue.origin === 'number')
    return `must be ${issue.inclusive ? 'at most' : 'below'} ${issue.maximum}`
  if (issue.code === 'too_small' && issue.origin === 'number')
    return `must be ${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}`
  if (issue.code === 'too_small' && issue.origin === 'string') return 'must not be empty'
  if (issue.code === 'too_big' && issue.origin === 'string') return `has more than ${issue.maximum} characters`
  if (issue.code === 'too_small') return `needs at least ${issue.minimum} ${issue.minimum === 1 ? 'entry' : 'entries'}`
  if (issue.code === 'too_big') return `has more than ${issue.maximum} entries`
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return `is required (${issue.expected})`
  if (issue.code === 'invalid_type' && issue.expected === 'int') return 'must be a whole number'
  if (issue.code === 'invalid_type') return `must be of type ${issue.expected}`
  const options = optionsOf(issue)
  if (options.length > 0) return `must be one of ${options.join(', ')}`
  return issue.message
}

const longestGiven = 60

/** What stood there instead, where that helps; the beginning of a long text. */
function givenText({ code }: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return ''
  if (value !== null && typeof value === 'object') {
    return code === 'invalid_type' && Array.isArray(value) ? ', got a list' : ''
  }
  // JSON has no number for 1e400.
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return `, got ${text.length > longestGiven ? `${text.slice(0, longestGiven)}..."` : text}`
}

/** Everything wrong with `input`, or the recipe with its defaults. Never throws. */
export function checkRecipe(
  input: unknown,
): { recipe: Recipe; problems: [] } | { recipe?: never; problems: RecipeProblem[] } {
  const parsed = recipeSchema.safeParse(input)
  if (parsed.success) return { recipe: parsed.data, problems: [] }
  const problems = parsed.error.issues.flatMap((issue): RecipeProblem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map(key => {
        const near = nearest(key, knownKeysAt(issue.path, input))
        return {
          path: pathOf([...issue.path, key]),
          message: `"${key}" is not a key of ${issue.path.length ? pathOf(issue.path) : 'a recipe'}`,
          code: 'recipe.unknown-key',
          ...(near && { hint: `Did you mean "${near}"?` }),
        }
      })
    }
    const at = pathOf(issue.path)
    // A kind that was written as a string stands in the place of the whole object.
    const value = issue.path.reduce<unknown>(
      (v, key) =>
        typeof v === 'string' && kindKeys.some(known => known === key)
          ? v
          : (v as Record<PropertyKey, unknown> | undefined)?.[key],
      input,
    )
    const near = typeof value === 'string' ? nearest(value, optionsOf(issue)) : undefined
    return [
      {
        path: at,
        message: `${at || 'the recipe'} ${ruleOf(issue)}${givenText(issue, value)}`,
        code: 'recipe.invalid',
        ...(near && { hint: `Did you mean "${near}"?` }),
      },
    ]
  })
  return { problems }
}

/** The recipe with every default filled in. Throws `recipe.invalid` or `recipe.unknown-key`, naming `file` if given. */
export function parseRecipe(input: unknown, file?: string): Recipe {
  const { recipe, problems } = checkRecipe(input)
  if (recipe) return recipe
  const [first] = problems
  if (!first) throw new Error('a refused recipe has at least one problem')
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  throw new EspalierError({
    code: first.code,
    message: `${file ? `${file}: ` : ''}${first.message}${more}.`,
    ...(file && { file }),
    rule: 'A recipe has the keys and ranges of the recipe reference.',
    ...(first.hint && { hint: first.hint }),
  })
}
