/** The system's dialogs. Each purpose starts in the folder where it last was. */
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import {
  app,
  type BaseWindow,
  dialog,
  type MessageBoxOptions,
  type OpenDialogOptions,
  type SaveDialogOptions,
} from 'electron'
import type { ChooserKind } from '../shared/bridge.ts'
import { EspalierError } from '../shared/errors.ts'
import { projectFilter, withProjectExtension } from './project-file.ts'
import { choiceOf, type QuitChoice, type QuitQuestion } from './quit-question.ts'
import type { DialogPurpose, SettingsStore } from './settings.ts'

export interface Dialogs {
  /** A data set or checkpoint to import. null: dismissed. */
  chooseSource(kind: ChooserKind, window: BaseWindow | undefined): Promise<string | null>
  chooseProject(window: BaseWindow | undefined): Promise<string | null>
  /** A name that no file has yet. Throws for one that is taken: a project is never written over. */
  nameProject(window: BaseWindow | undefined): Promise<string | null>
  /** When nothing could be opened. */
  askForProject(): Promise<'new' | 'open' | 'quit'>
  askToQuit(question: QuitQuestion, window: BaseWindow | undefined): Promise<QuitChoice>
}

export function createDialogs(settings: SettingsStore): Dialogs {
  const folderFor = (purpose: DialogPurpose) => settings.get().lastFolders[purpose]

  function remember(purpose: DialogPurpose, path: string): void {
    settings.update({ lastFolders: { ...settings.get().lastFolders, [purpose]: dirname(path) } })
  }

  async function open(purpose: DialogPurpose, options: OpenDialogOptions, window: BaseWindow | undefined) {
    const defaultPath = folderFor(purpose)
    const all = { ...options, ...(defaultPath && { defaultPath }) }
    const { filePaths } = await (window ? dialog.showOpenDialog(window, all) : dialog.showOpenDialog(all))
    const [path] = filePaths
    if (path === undefined) return null
    remember(purpose, path)
    return path
  }

  return {
    chooseSource: (kind, window) =>
      open(
        kind,
        kind === 'folder'
          ? { title: 'Choose a data set folder', properties: ['openDirectory'] }
          : { title: 'Choose a checkpoint or a data set', properties: ['openFile'] },
        window,
      ),
    chooseProject: window =>
      open('project', { title: 'Open a project', properties: ['openFile'], filters: [projectFilter] }, window),
    async nameProject(window) {
      const options: SaveDialogOptions = {
        title: 'New project',
        buttonLabel: 'Create',
        defaultPath: join(folderFor('project') ?? app.getPath('documents'), 'Untitled.espalier'),
        filters: [projectFilter],
        properties: ['createDirectory'],
      }
      const { filePath } = await (window ? dialog.showSaveDialog(window, options) : dialog.showSaveDialog(options))
      if (!filePath) return null
      const path = withProjectExtension(filePath)
      if (existsSync(path)) {
        throw new EspalierError({
          code: 'argument.invalid',
          message: `${basename(path)} exists already.`,
          file: path,
          rule: 'A new project never replaces a file.',
          hint: 'Choose another name, or open that project.',
        })
      }
      remember('project', path)
      return path
    },
    async askForProject() {
      const { response } = await dialog.showMessageBox({
        type: 'question',
        message: 'No project is open.',
        detail: 'Make a new one, or open one from where it is.',
        buttons: ['New…', 'Open…', 'Quit'],
        defaultId: 0,
        cancelId: 2,
        noLink: true,
      })
      return (['new', 'open'] as const)[response] ?? 'quit'
    },
    async askToQuit(question, window) {
      const options: MessageBoxOptions = {
        type: 'question',
        message: question.message,
        detail: question.detail,
        buttons: [...question.buttons],
        defaultId: question.choices.indexOf('keep-running'),
        cancelId: question.choices.indexOf('cancel'),
        noLink: true,
      }
      const { response } = await (window ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options))
      return choiceOf(question, response)
    },
  }
}
