/**
 * `window.espalier`: all that the desktop adds to the window. It is absent in the browser host, which is how the window
 * tells the two apart. Everything else goes over the contract.
 */

/** What a person may pick. Only macOS has one dialog for both, so the window asks for one or the other. */
export const chooserKinds = ['file', 'folder'] as const
export type ChooserKind = (typeof chooserKinds)[number]

/** A file the person gave us. The window knows its name and a grant for `{ grant }` sources, never its path. */
export interface GrantedFile {
  readonly grant: string
  readonly name: string
}

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

/** What the application menu asks of the window. */
export const windowCommands = ['show-doctor', 'use-system-theme', 'use-light-theme', 'use-dark-theme'] as const
export type WindowCommand = (typeof windowCommands)[number]

/** `DroppedFile` is the DOM's `File`, which this layer does not have: the window says `Bridge<File>`. */
export interface Bridge<DroppedFile> {
  /** As in `process.platform`: `darwin`, `linux` or `win32`. */
  readonly platform: string
  /**
   * Asks for a connection to the studio. It arrives as a `message` event of the window itself: `event.source` is
   * `window`, `event.data` is `portMessage`, `event.ports[0]` is the pipe. Each call gives a new one.
   */
  connect(): void
  /** For a dropped or picked file or folder; null for one that is not on this machine's disk. */
  grantForFile(file: DroppedFile): Promise<string | null>
  /** Opens the system's dialog; null when it is dismissed. */
  chooseFile(kind: ChooserKind): Promise<GrantedFile | null>
  /** Title bar, menus and dialogs follow, and so does the window's `prefers-color-scheme`. Kept between starts. */
  setTheme(theme: Theme): void
  /** Returns the way to stop listening. */
  onCommand(listener: (command: WindowCommand) => void): () => void
}

/** The data of the message that brings the port. */
export const portMessage = 'espalier:port'

/** The messages between preload and main, once. */
export const channels = {
  connect: 'espalier:connect',
  port: 'espalier:port',
  grant: 'espalier:grant',
  choose: 'espalier:choose',
  theme: 'espalier:theme',
  command: 'espalier:command',
} as const
