/** From what a person dropped or picked to named groups of files: each group becomes one import. */

export interface NamedFile {
  /** Relative, with slashes; the first segment is the folder or the file itself. */
  readonly path: string
  readonly file: File
}

export interface ImportGroup {
  readonly name: string
  readonly files: readonly NamedFile[]
}

/** Files that are a whole checkpoint or archive by themselves; other loose files are parts of one data set. */
const isWhole = (name: string) => /\.(th|pth?|ckpt|safetensors|npz|zip|tar|tgz|tar\.gz|onnx|h5|keras)$/i.test(name)

/** On the desktop a dropped folder is one `File` that the host can look up; nothing is walked here. */
export const readDesktopDrop = (transfer: DataTransfer): ImportGroup[] =>
  [...transfer.files].map(file => ({ name: file.name, files: [{ path: file.name, file }] }))

/** Must be called while the drop event is being handled: the entries are gone afterwards. */
export function readDrop(transfer: DataTransfer): Promise<ImportGroup[]> {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry()).filter(entry => entry !== null)
  if (entries.length === 0) return Promise.resolve(groupFiles([...transfer.files]))
  return readEntries(entries)
}

async function readEntries(entries: readonly FileSystemEntry[]): Promise<ImportGroup[]> {
  const groups: ImportGroup[] = []
  const loose: File[] = []
  for (const entry of entries) {
    if (isDirectory(entry)) groups.push({ name: entry.name, files: await walk(entry) })
    else if (isFile(entry)) loose.push(await fileOf(entry))
  }
  return [...groups, ...groupFiles(loose)]
}

/** Files of a file input; those of a folder input (`webkitRelativePath`) stay one group a folder. */
export function groupFiles(files: readonly File[]): ImportGroup[] {
  const folders = new Map<string, NamedFile[]>()
  const parts: NamedFile[] = []
  const groups: ImportGroup[] = []
  for (const file of files) {
    const path = file.webkitRelativePath || file.name
    const folder = path.includes('/') ? path.slice(0, path.indexOf('/')) : undefined
    if (folder !== undefined) folders.set(folder, [...(folders.get(folder) ?? []), { path, file }])
    else if (isWhole(file.name)) groups.push({ name: file.name, files: [{ path, file }] })
    else parts.push({ path, file })
  }
  for (const [name, inside] of folders) groups.push({ name, files: inside })
  const [first] = parts
  if (first) groups.push({ name: parts.length === 1 ? first.path : `${parts.length} files`, files: parts })
  return groups
}

const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject))

async function walk(folder: FileSystemDirectoryEntry): Promise<NamedFile[]> {
  const files: NamedFile[] = []
  for (const entry of await childrenOf(folder)) {
    if (isDirectory(entry)) {
      // Not spread into push: a folder may hold more files than a call may have arguments.
      for (const inside of await walk(entry)) files.push(inside)
    } else if (isFile(entry)) {
      files.push({ path: entry.fullPath.replace(/^\//, ''), file: await fileOf(entry) })
    }
  }
  return files
}

/** `readEntries` gives at most 100 at a time and an empty list at the end. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (batch.length === 0) return all
    all.push(...batch)
  }
}
