/** Which images belong to which split and class, told by the names of folders alone. */
import { basename } from 'node:path'
import { EspalierError } from '../../../shared/errors.ts'
import type { ImportNote, SplitName } from '../../dataset.ts'
import { formatCount } from '../../dataset-reader.ts'
import { type FileSplit, splitOfWord } from '../../split-words.ts'
import { folderName, type Tree, type TreeEntry } from '../../tree/tree.ts'

export interface ClassLayout {
  /** Sorted by code unit, as torchvision's ImageFolder sorts them: checkpoints trained there fit. */
  readonly classes: readonly string[]
  /** Training images first, each split in the order of paths. */
  readonly images: readonly TreeEntry[]
  readonly labels: Readonly<Partial<Record<SplitName, Int32Array>>>
  readonly notes: readonly ImportNote[]
}

interface PlacedImage {
  readonly entry: TreeEntry
  readonly className: string
  /** Path of the class folder. */
  readonly folder: string
}

type Placed = Partial<Record<FileSplit, PlacedImage[]>>

export const isImageName = (path: string): boolean => /\.(png|jpe?g)$/i.test(path)

/** Throws `dataset.invalid` where no image lies in a class folder, `dataset.classes` where the classes make no sense. */
export function classLayout(tree: Tree): ClassLayout {
  const images = tree.entries.filter(({ path }) => isImageName(path))
  const notes: ImportNote[] = []
  const placed = bySplitFolder(images) ?? byClassFolder(tree, images, notes)
  const { train, test, validation } = placed
  if (validation) {
    const count = formatCount(validation.length)
    notes.push(
      test
        ? {
            kind: 'skipped',
            text: `${count} images of the validation folder: validation is split off the training data.`,
          }
        : { kind: 'guessed', text: `The validation folder (${count} images) is used as the test split.` },
    )
  }
  const splits = { ...(train && { train }), ...((test ?? validation) && { test: test ?? validation! }) }
  const used = Object.values(splits).flat()
  if (used.length === 0) throw noClassFolders(tree)
  const lost = images.length - used.length - (test ? (validation?.length ?? 0) : 0)
  if (lost > 0) notes.push({ kind: 'skipped', text: `${formatCount(lost)} images that lie in no class folder.` })
  notes.push(...withoutImages(tree, used))

  const classes = [...new Set((train ?? used).map(({ className }) => className))].sort()
  checkClasses(tree, classes, splits.test ?? [])
  if (classes.length > 10 && classes.every(name => /^\d+$/.test(name))) {
    notes.push({
      kind: 'guessed',
      text: 'Class folders are numbers; they are ordered as text (1, 10, 11, 2), like torchvision does.',
    })
  }
  const indexOf = new Map(classes.map((name, index) => [name, index]))
  const labels: Partial<Record<SplitName, Int32Array>> = {}
  for (const [name, list] of Object.entries(splits) as [SplitName, PlacedImage[]][]) {
    labels[name] = Int32Array.from(list, ({ className }) => indexOf.get(className)!)
  }
  return { classes, images: used.map(({ entry }) => entry), labels, notes }
}

/** `.../train/<class>/...`; null where no image lies so. Of several such places the one with most images counts. */
function bySplitFolder(images: readonly TreeEntry[]): Placed | null {
  const roots = new Map<string, { count: number; placed: Placed }>()
  for (const entry of images) {
    const folders = folderName(entry.path).split('/')
    const at = folders.findIndex((folder, index) => splitOfWord(folder) && index + 1 < folders.length)
    if (at === -1) continue
    const root = folders.slice(0, at).join('/')
    const found = roots.get(root) ?? { count: 0, placed: {} }
    roots.set(root, found)
    found.count++
    const split = splitOfWord(folders[at]!)!
    found.placed[split] ??= []
    found.placed[split].push({ entry, className: folders[at + 1]!, folder: folders.slice(0, at + 2).join('/') })
  }
  const most = [...roots.values()].sort((a, b) => b.count - a.count)[0]
  return most?.placed ?? null
}

/** `<class>/...`, below any folders that all images share. The name of a dropped folder may say which split it is. */
function byClassFolder(tree: Tree, images: readonly TreeEntry[], notes: ImportNote[]): Placed {
  const all = images.map(entry => ({ entry, folders: folderName(entry.path).split('/').filter(Boolean) }))
  let level = 0
  let shared = ''
  let deep = all.filter(({ folders }) => folders.length > 0)
  while (deep.length > 0 && new Set(deep.map(({ folders }) => folders[level])).size === 1) {
    shared = deep[0]!.folders[level]!
    level++
    deep = deep.filter(({ folders }) => folders.length > level)
  }
  if (deep.length === 0) throw level === 0 ? noClassFolders(tree) : tooFewClasses(tree, shared)
  const named = tree.kind === 'folder' ? splitOfWord(basename(tree.path)) : undefined
  const split = named === 'train' || named === undefined ? 'train' : 'test'
  notes.push({ kind: 'guessed', text: `There are no train and test folders: all images are the ${split} split.` })
  return {
    [split]: deep.map(({ entry, folders }) => ({
      entry,
      className: folders[level]!,
      folder: folders.slice(0, level + 1).join('/'),
    })),
  }
}

/** Folders beside the class folders that hold no image: what torchvision refuses, and what a person may have overlooked. */
function withoutImages(tree: Tree, used: readonly PlacedImage[]): ImportNote[] {
  const classFolders = new Set(used.map(({ folder }) => folder))
  const parents = new Set([...classFolders].map(folderName))
  const known = new Set(tree.folders)
  for (const { path } of tree.entries)
    for (let folder = folderName(path); folder !== '' && !known.has(folder); folder = folderName(folder))
      known.add(folder)
  const empty = [...known].filter(folder => parents.has(folderName(folder)) && !classFolders.has(folder)).sort()
  if (empty.length === 0) return []
  const names = `${empty.slice(0, 5).join(', ')}${empty.length > 5 ? ', ...' : ''}`
  const what =
    empty.length === 1
      ? '1 folder has no image and is no class'
      : `${formatCount(empty.length)} folders have no image and are no classes`
  return [{ kind: 'skipped', text: `${what}: ${names}.` }]
}

function checkClasses(tree: Tree, classes: readonly string[], test: readonly PlacedImage[]): void {
  const known = new Set(classes)
  const unknown = test.find(({ className }) => !known.has(className))
  if (unknown) {
    throw new EspalierError({
      code: 'dataset.classes',
      message: `${tree.locate(unknown.entry)} is of class ${unknown.className}, which the training data does not have.`,
      file: tree.locate(unknown.entry),
      rule: 'Every class folder of the test split is one of the training split.',
      hint: `The ${classes.length} classes are ${classes.slice(0, 5).join(', ')}${classes.length > 5 ? ', ...' : ''}.`,
    })
  }
  if (classes.length < 2) throw tooFewClasses(tree, classes[0]!)
}

const layoutHint = 'Lay the images out as train/<class>/image.png and test/<class>/image.png, or <class>/image.png.'

function tooFewClasses(tree: Tree, name: string): EspalierError {
  return new EspalierError({
    code: 'dataset.classes',
    message: `${tree.path} has images of one class folder only, ${name}.`,
    file: tree.path,
    rule: 'A data set has two classes or more, each in its own folder.',
    hint: layoutHint,
  })
}

function noClassFolders(tree: Tree): EspalierError {
  return new EspalierError({
    code: 'dataset.invalid',
    message: `The images of ${tree.path} do not lie in class folders.`,
    file: tree.path,
    rule: 'The folder of an image names its class.',
    hint: layoutHint,
  })
}
