/**
 * What the desktop host puts into its window as `window.espalier`, and nothing else. In the browser host it is absent:
 * there the window speaks to its server by WebSocket, and drops are uploads.
 */

/** `DroppedFile` is the DOM's `File`; this layer knows no DOM. */
export interface DesktopBridge<DroppedFile = unknown> {
  readonly platform: 'linux' | 'darwin' | 'win32'
  /** Asks for a new pipe to the studio; it arrives as a window message (`portMessage`) with one MessagePort. */
  connect(): void
  /** The opaque id of a dropped file or folder, for `{ grant }` sources. Rejects for a file that is not on the disk. */
  grantForFile(file: DroppedFile): Promise<string>
  /** Shows the system's dialog. null when the person cancels. */
  chooseFile(kind: ChooserKind): Promise<GrantedFile | null>
  /** Title bar, menus, dialogs and the window's `prefers-color-scheme` follow. Kept for the next start. */
  setTheme(theme: Theme): void
}

/** What the dialog lets a person pick. Only macOS has one dialog for both, so the window asks for one or the other. */
export const chooserKinds = ['file', 'folder'] as const
export type ChooserKind = (typeof chooserKinds)[number]

/** The window knows a file's name and a grant for it, never its path. */
export interface GrantedFile {
  readonly grant: string
  readonly name: string
}

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

/** `data` of the window message that carries the MessagePort; `event.source` is the window itself. */
export const portMessage = 'espalier:port'

/** A command of the window, chosen in the native menu: `{ type: 'espalier:command', id }`, posted by the preload. */
export const commandMessage = 'espalier:command'

/** Commands of the window that stand in the menu too. `view.theme...` says that the theme was chosen there. */
export const commandIds = [
  'go.library',
  'go.recipes',
  'go.runs',
  'go.compare',
  'go.doctor',
  'recipe.new',
  'view.palette',
  'view.shortcuts',
  'view.theme.system',
  'view.theme.light',
  'view.theme.dark',
] as const
export type CommandId = (typeof commandIds)[number]

/** The messages between preload and main. */
export const channels = {
  connect: 'espalier:connect',
  port: 'espalier:port',
  grant: 'espalier:grant',
  choose: 'espalier:choose',
  theme: 'espalier:theme',
  command: 'espalier:command',
} as const
