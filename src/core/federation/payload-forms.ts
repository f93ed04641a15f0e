/** The forms of a payload: one file each in `payload-forms/`, one line here. Of equally small ones the first is taken. */
import type { PayloadForm } from './payload-form.ts'
import { bitmap } from './payload-forms/bitmap.ts'
import { dense } from './payload-forms/dense.ts'
import { indexed } from './payload-forms/indexed.ts'

export const payloadForms = { dense, bitmap, indexed } as const satisfies Record<string, PayloadForm>

export type PayloadFormId = keyof typeof payloadForms
