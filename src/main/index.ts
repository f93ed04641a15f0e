/** The desktop host: what must be set before Electron is ready, then one line for each concern, in the file of its name. */
import { join } from 'node:path'
import { app } from 'electron'
import { defaultProjectPath, userDirectories } from '../studio/directories.ts'
import engineEntry from '../studio/engine-entry.ts?modulePath'
import probeEntry from '../studio/probe-entry.ts?modulePath'
import { createStudio } from '../studio/studio.ts'
import { homeOf, registerAppScheme, setupAppScheme } from './app-scheme.ts'
import { readArguments } from './arguments.ts'
import { setupClosing } from './closing.ts'
import { setupCrashes } from './crashes.ts'
import { createDialogs } from './dialogs.ts'
import { createShowFault, setupFaults } from './faults.ts'
import { createGrants } from './grants.ts'
import { setupIpc } from './ipc.ts'
import { openLog } from './log.ts'
import { setupMenu } from './menu.ts'
import { setupNavigation } from './navigation.ts'
import { setupNotifications } from './notifications.ts'
import { setupDownloads, setupNetwork, setupPermissions } from './permissions.ts'
import { setupPower } from './power.ts'
import { createProbe } from './probe.ts'
import { createProjectActions } from './project-actions.ts'
import { createProjects } from './projects.ts'
import { openSettings } from './settings.ts'
import { claimSingleInstance } from './single-instance.ts'
import { setupStart } from './start.ts'
import { setupTaskBar } from './task-bar.ts'
import { setupTheme } from './theme.ts'
import { startProcess } from './utility-process.ts'
import { createWindows } from './windows.ts'

const { projects: requested, userData } = readArguments(process.argv, process.cwd())
if (userData) app.setPath('userData', userData)
// Notifications and the task bar on Windows belong to this name, which the installer gives to the Start menu entry too.
if (process.platform === 'win32') app.setAppUserModelId('espalier')
app.enableSandbox()
registerAppScheme()
if (claimSingleInstance(requested)) run()
else app.quit()

function run(): void {
  const log = openLog(app.getPath('logs'))
  const showFault = createShowFault(log)
  const settings = openSettings(join(app.getPath('userData'), 'settings.json'), error => log(`settings.json: ${error}`))
  const home = homeOf(app.isPackaged ? undefined : process.env.ELECTRON_RENDERER_URL)
  const directories = userDirectories()
  const grants = createGrants()
  const projects = createProjects(projectPath =>
    createStudio({
      projectPath,
      host: 'desktop',
      acceptsPaths: false,
      directories,
      spawnEngine: () => startProcess(engineEntry, 'engine'),
      probe: createProbe(probeEntry),
      resolveGrant: grants.resolve,
      recentProjects: () => settings.get().recentProjects,
    }),
  )
  const windows = createWindows(home, showFault)
  const dialogs = createDialogs(settings)
  const projectActions = createProjectActions({ projects, windows, dialogs, settings })

  setupFaults(showFault, log)
  setupCrashes(log)
  setupNavigation(home)
  setupClosing({ projects, windows, dialogs, showFault, platform: process.platform })
  const { start } = setupStart({
    requested,
    firstEver: defaultProjectPath(directories),
    projects,
    projectActions,
    settings,
    windows,
    dialogs,
    showFault,
  })

  app
    .whenReady()
    .then(() => {
      setupAppScheme(join(import.meta.dirname, '../renderer'))
      setupPermissions(home)
      setupNetwork(home)
      setupDownloads(home, settings)
      setupTheme(settings)
      setupMenu({ projectActions, settings, windows, showFault })
      setupIpc({ home, windows, grants, dialogs, settings })
      setupTaskBar(projects, windows)
      setupPower(projects)
      setupNotifications(projects, windows, path => projectActions.open(path).catch(showFault))
      return start()
    })
    .catch(showFault)
}
