import type { Logger } from 'pino'
import { z } from 'zod'
import { MailError, type Mailer } from '../mail/mailer.ts'
import { confirmEmailMail } from '../mail/texts.ts'
import type { Store } from '../store/store.ts'
import type { EmailToken } from './confirm-tokens.ts'

/** The name of the job that writes to an address which somebody gave as theirs. */
export const CONFIRMATION_JOB = 'confirm_email'

const payload = z.object({ confirmationId: z.uuid() })

/** Carries the job out; the link is made when the mail is sent, so that no job holds one. Throws when worth a retry. */
export function createConfirmationTask(services: {
  readonly store: Pick<Store, 'prisma'>
  readonly mailer: Mailer
  readonly logger: Logger
  /** Where the address is confirmed. */
  readonly link: (token: EmailToken) => Promise<string>
}): (job: unknown) => Promise<void> {
  const { store, mailer, logger, link } = services
  return async (job) => {
    const { confirmationId } = payload.parse(job)
    const [open] = await store.prisma.$queryRaw<{ email: string; user_id: string }[]>`
      SELECT c.email, c.user_id FROM email_confirmation c JOIN "user" u ON u.id = c.user_id
      WHERE c.id = ${confirmationId}::uuid AND c.ended_at IS NULL AND c.expires_at > clock_timestamp() AND u.active`
    // Another address took its place meanwhile.
    if (!open) return
    const written = confirmEmailMail({ link: await link({ userId: open.user_id, confirmationId }) })
    try {
      await mailer.send({ to: open.email, messageId: `confirm.${confirmationId}@perch`, ...written })
    } catch (error) {
      if (!(error instanceof MailError) || error.kind !== 'PERMANENT') throw error
      logger.warn({ err: error, confirmationId }, 'an address that was to be confirmed takes no mail')
    }
  }
}
