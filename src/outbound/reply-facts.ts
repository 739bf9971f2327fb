import type { TicketChannel } from '../domain/event.ts'
import { mentionsIn } from '../domain/post-text.ts'
import { type Answered, replyChannel, type SenderAccount, type SenderRules } from '../domain/sender.ts'
import { Prisma } from '../generated/prisma/client.ts'

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
}

/** Reads them. `commentId` asks for a certain comment to be answered; one that cannot be gives no target. */
export async function readReplyFacts(
  db: Db,
  ticket: AnsweredTicket,
  selfServe: boolean,
  commentId?: string,
): Promise<ReplyFacts> {
  const facts = (await readManyReplyFacts(db, [ticket], selfServe, commentId)).get(ticket.id)
  if (!facts) throw new Error('A ticket that was read is gone.')
  return facts
}

/** The same for many tickets, by as many queries as for one. Each of them must be there. */
export async function readManyReplyFacts(
  db: Db,
  tickets: readonly AnsweredTicket[],
  selfServe: boolean,
  commentId?: string,
): Promise<ReadonlyMap<string, ReplyFacts>> {
  const ids = tickets.map(({ id }) => id)
  const [rows, answered, accounts, workspace] = await Promise.all([
    db.ticket.findMany({
      where: { id: { in: ids } },
      select: { id: true, movedToEmailAt: true, requester: { select: { email: true } } },
    }),
    readAnswered(db, ids, commentId),
    readAccounts(db),
    db.workspace.findUnique({ where: { id: 1 }, select: { plan: true } }),
  ])
  const rules: SenderRules = { plan: workspace?.plan ?? 'SUITE', selfServe }
  const row = new Map(rows.map((one) => [one.id, one]))
  return new Map(
    tickets.map((ticket) => {
      const { movedToEmailAt = null, requester } = row.get(ticket.id) ?? {}
      const place = { movedToEmail: movedToEmailAt !== null, email: requester?.email ?? null }
      return [ticket.id, { ...factsOf(ticket, answered.get(ticket.id), place), accounts, rules }]
    }),
  )
}

interface Place {
  readonly movedToEmail: boolean
  readonly email: string | null
}

function factsOf(ticket: AnsweredTicket, comment: AnsweredComment | undefined, { movedToEmail, email }: Place) {
  const channel = replyChannel(ticket.channel, comment?.channel ?? null, movedToEmail)
  const mentions = comment ? mentionsIn(comment.body) : []
  const { profileId = null, username = null } = comment ?? {}
  const named = [...(username === null ? [] : [username.toLowerCase()]), ...mentions]
  const onX = channel === 'X_POST' ? (comment?.versionId ?? comment?.externalId) : profileId
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
  }
}

async function readAccounts(db: Db): Promise<readonly SenderAccount[]> {
  const rows = await db.account.findMany({
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
  })
  return rows.map(({ xchat, screenName, ...row }) => ({
    ...row,
    screenName: screenName.toLowerCase(),
    xchatOpen: xchat?.status === 'CONFIRMED' && xchat.secretKey !== null,
  }))
}

/** Closed tickets that a follow-up looks back to: more than anybody has. */
const LONGEST_CHAIN = 100

/** Something that a customer said in a way of X's. */
interface AnsweredComment {
  readonly id: string
  readonly channel: string
  readonly body: string
  readonly externalId: string | null
  readonly versionId: string | null
  readonly quotedUserId: string | null
  /** Their id at X, and their handle, as far as they are known. */
  readonly profileId: string | null
  readonly username: string | null
}

/**
 * What each ticket's customer said last in a way of X's, or the comment that is asked for. F53: a follow-up that was
 * opened from the requester's page goes on where the closed ticket stopped.
 */
async function readAnswered(
  db: Db,
  ticketIds: readonly string[],
  commentId: string | undefined,
): Promise<ReadonlyMap<string, AnsweredComment>> {
  const asked = commentId ?? null
  const answerable = Prisma.sql`o.ticket_id = c.id AND o.direction = 'INBOUND' AND o.visibility = 'PUBLIC'
    AND o.deleted_at IS NULL
    AND o.channel::text = ANY(CASE c.channel WHEN 'X_CORP_DM' THEN ARRAY['X_DM', 'X_CHAT'] ELSE ARRAY['X_POST'] END)`
  const rows = await db.$queryRaw<(AnsweredComment & { ticketId: string })[]>`
    WITH RECURSIVE chain AS (
      SELECT t.id AS ticket_id, t.id, t.follow_up_of_id, t.channel, 0 AS step
      FROM ticket t WHERE t.id = ANY(${ticketIds}::uuid[])
      UNION ALL
      SELECT c.ticket_id, t.id, t.follow_up_of_id, c.channel, c.step + 1
      FROM chain c JOIN ticket t ON t.id = c.follow_up_of_id
      WHERE ${asked}::uuid IS NULL AND c.step < ${LONGEST_CHAIN} AND NOT EXISTS (SELECT FROM comment o WHERE ${answerable})
    )
    SELECT DISTINCT ON (c.ticket_id) c.ticket_id::text AS "ticketId", f.id::text AS id, f.channel::text AS channel, f.body,
      f.external_id AS "externalId", f.version_id AS "versionId", f.quoted_user_id AS "quotedUserId",
       p.id AS "profileId", p.username
    FROM chain c
    CROSS JOIN LATERAL (
      SELECT o.* FROM comment o WHERE ${answerable} AND (${asked}::uuid IS NULL OR o.id = ${asked}::uuid)
      ORDER BY o.posted_at DESC, o.id DESC LIMIT 1
    ) f
    LEFT JOIN "user" u ON u.id = f.author_id
    LEFT JOIN x_profile p ON p.id = u.x_profile_id
    ORDER BY c.ticket_id, c.step`
  return new Map(rows.map(({ ticketId, ...comment }) => [ticketId, comment]))
}
