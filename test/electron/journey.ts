/** What a person does first in the desktop window, the same in Electron and in the stand-in's Chromium. */
import { basename } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

export interface JourneyInputs {
  readonly dataset: string
  readonly checkpoint: string
  /** What the system's dialog will answer next. */
  answerDialog(path: string): Promise<void>
}

/** Imports both inputs, the data set by the dialog and the checkpoint as a file of the page, and runs a new recipe. */
export async function importAndRun(page: Page, { dataset, checkpoint, answerDialog }: JourneyInputs): Promise<void> {
  const navigation = page.getByRole('navigation', { name: 'Main' })
  await answerDialog(dataset)
  await page.getByRole('button', { name: 'Choose folder' }).click()
  await navigation.getByRole('link', { name: basename(dataset) }).waitFor()
  // What came in is shown; the next one comes in from the library again.
  await navigation.getByRole('link', { name: /^Library/ }).click()
  await page.locator('input[data-kind="file"]').setInputFiles(checkpoint)
  await navigation.getByRole('link', { name: basename(checkpoint).split('.')[0] ?? '' }).waitFor()
  await navigation.getByRole('button', { name: 'New recipe' }).click()
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByText('Finished').first().waitFor()
  expect(await page.locator('h1').textContent()).toContain('1')
}
