/** A Chromium for the browser tests: one that is there, else one that is brought. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { output, root, run, say, which } from './process.mjs'
import { aptInstall, mayUseApt, thisMachine } from './system.mjs'

const programs = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** @type {Partial<Record<NodeJS.Platform, string[]>>} */
const places = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  win32: [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA].map(folder =>
    join(folder ?? '', 'Google', 'Chrome', 'Application', 'chrome.exe'),
  ),
}

/** Path of a Chromium or Chrome that starts, or `null`. `$CHROME` comes first. */
export function findChromium() {
  const found = [process.env.CHROME, ...programs.map(program => which([program])), ...(places[process.platform] ?? [])]
  return [...found, playwrightChromium()].find(file => file && existsSync(file) && starts(file)) ?? null
}

/**
 * Ubuntu's package is a signpost to a snap that does not start in a container: only what answers counts.
 * @param {string} file
 */
function starts(file) {
  // Chrome on Windows opens a window instead of printing its version.
  return process.platform === 'win32' || output(file, ['--version']) !== null
}

function playwrightChromium() {
  try {
    return createRequire(join(root, 'package.json'))('playwright-core').chromium.executablePath()
  } catch {
    return null
  }
}

/**
 * Finds or brings a Chromium; `null`, with a word, when none is to be had.
 * @param {string} node
 */
export async function provideChromium(node) {
  const found = findChromium()
  if (found) return found
  if (mayUseApt(thisMachine()) && (await aptInstall(['chromium']))) {
    const installed = findChromium()
    if (installed) return installed
  }
  say("Set-up: downloading Chromium with Playwright's installer")
  await run(node, [join(root, 'node_modules', 'playwright-core', 'cli.js'), 'install', 'chromium'])
  const installed = findChromium()
  if (installed === null) {
    say(
      'No Chromium is to be had: the browser tests are skipped. Install one, or name one in the environment variable CHROME.',
    )
  }
  return installed
}
