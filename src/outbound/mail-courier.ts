import type { Attempted } from '../domain/delivery.ts'
import { isMessageId } from '../domain/inbound-mail.ts'
import { MailError, type Mailer } from '../mail/mailer.ts'
import type { ReplyAddresses } from '../mail/reply-address.ts'
import { answerMail } from '../mail/texts.ts'
import type { Store } from '../store/store.ts'
import type { Parcel } from './deliver.ts'
import type { DueDelivery } from './rows.ts'

export interface MailCourierServices {
  readonly store: Store
  readonly mailer: Pick<Mailer, 'send'>
  readonly addresses: ReplyAddresses
}

/** Earlier mails that are named in a mail: enough for every mail program to thread by. */
const REFERENCES = 20

/** Sends an answer by e-mail (F38). The same answer always has the same message id, so that one sent twice is shown once. */
export function createMailCourier({ store, mailer, addresses }: MailCourierServices) {
  return {
    async prepare({ commentId, ticketId, target, body }: DueDelivery): Promise<Parcel> {
      const { prisma } = store
      const [ticket, mails] = await Promise.all([
        prisma.ticket.findUniqueOrThrow({ where: { id: ticketId }, select: { number: true, subject: true } }),
        prisma.comment.findMany({
          // What is private here is not the customer's to know of.
          where: { ticketId, channel: 'EMAIL', visibility: 'PUBLIC', externalId: { not: null } },
          orderBy: [{ postedAt: 'desc' }, { id: 'desc' }],
          take: REFERENCES,
          select: { externalId: true, direction: true },
        }),
      ])
      const before = mails.filter(({ externalId }) => externalId !== null && isMessageId(externalId))
      const messageId = addresses.messageIdOf(commentId)
      const mail = {
        to: target,
        ...answerMail({ subject: ticket.subject, body }),
        messageId,
        inReplyTo: before.find(({ direction }) => direction === 'INBOUND')?.externalId ?? undefined,
        references: before.flatMap(({ externalId }) => externalId ?? []).toReversed(),
        replyTo: addresses.of(ticket.number),
        personal: true,
      }
      return { kind: 'READY', messageId, send: () => attempt(mailer, mail) }
    },
  }
}

async function attempt(mailer: Pick<Mailer, 'send'>, mail: Parameters<Mailer['send']>[0]): Promise<Attempted> {
  try {
    await mailer.send(mail)
    return { kind: 'SENT', externalId: mail.messageId }
  } catch (error) {
    if (!(error instanceof MailError)) throw error
    if (error.kind === 'TEMPORARY') return { kind: 'LATER', error: 'UNAVAILABLE' }
    if (error.kind === 'UNCERTAIN') return { kind: 'UNCERTAIN', refused: false }
    return { kind: 'REFUSED', error: 'MAIL_REFUSED', detail: error.message }
  }
}
