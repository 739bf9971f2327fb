import type { TicketChannel } from '../domain/event.ts'
import { mentionsIn } from '../domain/post-text.ts'
import { type Answered, replyChannel, type SenderAccount, type SenderRules } from '../domain/sender.ts'
import type { Prisma } from '../generated/prisma/client.ts'

/** Everything that decides how a ticket is answered, and by whom. */
export interface ReplyFacts {
  readonly answered: Answered
  /** The comment that is answered; null: the customer has said nothing here that can be. */
  readonly commentId: string | null
  /** X's id of the post that is answered, of the person that is written to, or their address; null: there is none. */
  readonly target: string | null
  /** Handles that X names in front of a post, in lower case. */
  readonly participants: readonly string[]
  readonly accounts: readonly SenderAccount[]
  readonly rules: SenderRules
}

type Db = Pick<Prisma.TransactionClient, 'comment' | 'account' | 'workspace' | 'ticket' | '$queryRaw'>

interface AnsweredTicket {
  readonly id: string
  readonly channel: TicketChannel
  readonly accountId: string
  readonly requesterId: string
}

/** Reads them. `commentId` asks for a certain comment to be answered; one that cannot be gives no target. */
export async function readReplyFacts(
  db: Db,
  ticket: AnsweredTicket,
  selfServe: boolean,
  commentId?: string,
): Promise<ReplyFacts> {
  const [row, comment, rows, workspace] = await Promise.all([
    db.ticket.findUniqueOrThrow({
      where: { id: ticket.id },
      select: { movedToEmailAt: true, requester: { select: { email: true } } },
    }),
    readAnswered(db, ticket, commentId),
    db.account.findMany({
      where: { status: { not: 'UNLINKED' } },
      select: {
        id: true,
        xUserId: true,
        screenName: true,
        status: true,
        allowReplies: true,
        isDefault: true,
        xchat: { select: { secretKey: true, status: true } },
      },
    }),
    db.workspace.findUnique({ where: { id: 1 }, select: { plan: true } }),
  ])
  const channel = replyChannel(ticket.channel, comment?.channel ?? null, row.movedToEmailAt !== null)
  const { email } = row.requester
  const mentions = comment ? mentionsIn(comment.body) : []
  const profile = comment?.author?.xProfile
  const named = [...(profile ? [profile.username.toLowerCase()] : []), ...mentions]
  const onX = channel === 'X_POST' ? (comment?.versionId ?? comment?.externalId) : profile?.id
  const target = channel === 'EMAIL' ? email : onX
  return {
    answered: {
      channel,
      accountId: ticket.accountId,
      mentions,
      quotedUserId: comment?.quotedUserId ?? null,
      hasEmail: email !== null,
    },
    commentId: comment?.id ?? null,
    target: target ?? null,
    participants: channel === 'X_POST' ? [...new Set(named)] : [],
    accounts: rows.map(({ xchat, screenName, ...row }) => ({
      ...row,
      screenName: screenName.toLowerCase(),
      xchatOpen: xchat?.status === 'CONFIRMED' && xchat.secretKey !== null,
    })),
    rules: { plan: workspace?.plan ?? 'SUITE', selfServe },
  }
}

/** What the customer said last in a way of X's, or the comment that is asked for. */
async function readAnswered(db: Db, ticket: AnsweredTicket, commentId: string | undefined) {
  const lastOf = (ticketIds: readonly string[]) =>
    db.comment.findFirst({
      where: {
        ticketId: { in: [...ticketIds] },
        direction: 'INBOUND',
        visibility: 'PUBLIC',
        channel: { in: ticket.channel === 'X_CORP_DM' ? ['X_DM', 'X_CHAT'] : ['X_POST'] },
        deletedAt: null,
        ...(commentId !== undefined && { id: commentId }),
      },
      orderBy: [{ postedAt: 'desc' }, { id: 'desc' }],
      select: {
        id: true,
        channel: true,
        body: true,
        externalId: true,
        versionId: true,
        quotedUserId: true,
        author: { select: { xProfile: { select: { id: true, username: true } } } },
      },
    })
  const found = await lastOf([ticket.id])
  if (found || commentId !== undefined) return found
  // F53: a follow-up that was opened from the requester's page goes on where the closed ticket stopped.
  const before = await db.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE chain AS (
      SELECT t.follow_up_of_id AS id FROM ticket t WHERE t.id = ${ticket.id}::uuid
      UNION SELECT t.follow_up_of_id FROM ticket t JOIN chain ON t.id = chain.id)
    SELECT id FROM chain WHERE id IS NOT NULL`
  return before.length === 0 ? null : lastOf(before.map(({ id }) => id))
}
