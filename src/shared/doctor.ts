/** What `espalier doctor` and the window's diagnosis show. */
import { z } from 'zod'

export const doctorStatusSchema = z.enum(['ok', 'warn', 'fail'])

export const doctorCheckSchema = z.strictObject({
  /** Permanent, dotted: `engine.device`. */
  id: z.string(),
  label: z.string(),
  /** `warn`: it works, but not as well as it could. `fail`: something that is needed does not work. */
  status: doctorStatusSchema,
  /** What was found, with values. */
  detail: z.string(),
  /** What to do about it. */
  hint: z.string().optional(),
})

export const doctorReportSchema = z.strictObject({
  /** No check failed. */
  ok: z.boolean(),
  checks: z.array(doctorCheckSchema).min(1),
})

export type DoctorStatus = z.infer<typeof doctorStatusSchema>
export type DoctorCheck = z.infer<typeof doctorCheckSchema>
export type DoctorReport = z.infer<typeof doctorReportSchema>
