import type { Logger } from 'pino'
import { z } from 'zod'
import { DEAUTHORIZATION_CAUSES } from '../domain/event.ts'
import type { Mail, Mailer } from '../mail/mailer.ts'
import { MailError } from '../mail/mailer.ts'
import { deauthorizedMail, inactivityMail } from '../mail/texts.ts'
import type { ChangeScope, Store } from '../store/store.ts'

/*
 * E-mails to administrators (F49). What is to be said is enqueued with the change that it is about, one job for each
 * administrator; the words and the link are made when it is sent, so that no job holds a link.
 */

const about = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('deauthorized'), cause: z.enum(DEAUTHORIZATION_CAUSES), at: z.string() }),
  z.object({ kind: z.literal('inactive'), days: z.number().int(), deauthorizesAt: z.string() }),
])
export type About = z.infer<typeof about>
const payload = z.object({ accountId: z.uuid(), userId: z.uuid(), messageId: z.string(), about })

/** The name of the job. */
export const NOTICE_JOB = 'tell_administrator'

/** Enqueues a notice to every active administrator. `once` names the occasion: the same one again is the same e-mail. */
export async function tellAdministrators(
  { db, enqueue }: ChangeScope,
  accountId: string,
  once: string,
  what: About,
): Promise<void> {
  const people = await db.user.findMany({
    where: { role: 'ADMIN', active: true, email: { not: null } },
    select: { id: true },
  })
  for (const { id: userId } of people) {
    const messageId = `${what.kind}.${accountId}.${once}.${userId}@perch`
    enqueue({ name: NOTICE_JOB, key: `notice/${messageId}`, payload: { accountId, userId, messageId, about: what } })
  }
}

/** Carries a notice out. Throws when it is worth another try. */
export function createNoticeTask(services: {
  readonly store: Pick<Store, 'prisma'>
  readonly mailer: Mailer
  readonly logger: Logger
  /** Where authorizing the account anew begins, in this administrator's name. */
  readonly link: (userId: string, accountId: string) => Promise<string>
}): (job: unknown) => Promise<void> {
  const { store, mailer, logger, link } = services
  return async (job) => {
    const { accountId, userId, messageId, about: what } = payload.parse(job)
    const [account, user] = await Promise.all([
      store.prisma.account.findUnique({ where: { id: accountId }, select: { screenName: true, status: true } }),
      store.prisma.user.findUnique({ where: { id: userId }, select: { email: true, active: true } }),
    ])
    // Who left meanwhile needs no notice.
    if (!account || !user?.active || !user.email) return
    // The SMTP server was away for longer than the account.
    if (what.kind === 'deauthorized' && account.status !== 'DEAUTHORIZED') return
    const href = await link(userId, accountId)
    const written = write(what, account.screenName, href)
    const mail: Mail = { to: user.email, messageId, ...written }
    try {
      await mailer.send(mail)
      logger.info({ accountId, userId, about: what.kind }, 'an administrator was written to')
    } catch (error) {
      if (!(error instanceof MailError) || error.kind !== 'PERMANENT') throw error
      logger.error({ err: error, accountId, userId }, 'an administrator cannot be written to')
    }
  }
}

function write(what: About, screenName: string, href: string) {
  return what.kind === 'deauthorized'
    ? deauthorizedMail({ screenName, cause: what.cause, at: new Date(what.at), link: href })
    : inactivityMail({ screenName, days: what.days, deauthorizesAt: new Date(what.deauthorizesAt), link: href })
}
