/** What `doctor` found: one line a check. */
import { z } from 'zod'

export const doctorCheckSchema = z.strictObject({
  id: z.string(),
  label: z.string(),
  status: z.enum(['ok', 'warn', 'fail']),
  /** What was found. */
  detail: z.string(),
  /** What to do about it. */
  hint: z.string().optional(),
})
export type DoctorCheck = z.infer<typeof doctorCheckSchema>

export const doctorReportSchema = z.strictObject({ checks: z.array(doctorCheckSchema) })
export type DoctorReport = z.infer<typeof doctorReportSchema>
