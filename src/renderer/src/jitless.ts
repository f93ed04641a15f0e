/** Imported first: keeps zod from trying `new Function`, which the content security policy reports as a violation. */
import { z } from 'zod'

z.config({ jitless: true })
