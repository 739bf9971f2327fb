import { v7 as uuidv7 } from 'uuid'
import { statusAfterRequesterComment } from '../domain/capture.ts'
import type { UserError } from '../domain/errors.ts'
import { commentProblem, type TicketState } from '../domain/ticket.ts'
import type { Audience } from '../domain/visibility.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { type LockedTicket, lockTicket } from './lock-ticket.ts'
import { lockMergeTarget } from './merge-target.ts'
import { openFollowUpsOf } from './open-follow-ups.ts'
import { type Done, NO_TICKET, type Outcome } from './outcome.ts'
import { takeRequesterTurn } from './requester-turn.ts'

/** What became of a requester's comment; `ticketId` is where it stands, which may be a follow-up of the one named. */
export type CommentOutcome = Outcome & { readonly commentId: string | null }

/**
 * A requester says more on a ticket of their own, from its page and at any length (F53). What waited for them, or was
 * thought done, is open again (F66). A closed ticket stays closed: they go on in its follow-up, a new one if need be (F26).
 */
export async function addComment(
  store: Pick<Store, 'change'>,
  requester: Audience,
  ticketId: string,
  body: string,
): Promise<CommentOutcome> {
  const actor = { kind: 'requester', id: requester.userId } as const
  const { value, position } = await store.change(actor, async (scope): Promise<Done & { commentId: string | null }> => {
    await takeRequesterTurn(scope, requester.userId)
    const named = await lockTicket(scope, requester, ticketId)
    if (!named) return { ...NO_TICKET, commentId: null }
    const problem = commentProblem(body)
    if (problem) {
      const userErrors = [{ code: 'INVALID_INPUT' as const, field: ['body'], message: problem }]
      return { ticketId, commentId: null, userErrors }
    }
    if (await saidEnough(scope, requester.userId)) return { ticketId, commentId: null, userErrors: [SAID_ENOUGH] }
    const commentId = uuidv7()
    const comment = { commentId, authorId: requester.userId, body }
    if (named.ticket.status !== 'CLOSED') return { ...(await goOn(scope, named, comment)), commentId }
    const target = await lockOpenTarget(scope, requester, ticketId)
    if (target) return { ...(await goOn(scope, target, comment)), commentId }
    const going = await lockOpenFollowUp(scope, requester, named.ticket)
    if (going) return { ...(await goOn(scope, going, comment)), commentId }
    const followUp = await openFollowUp(scope, named, comment)
    if (followUp) return { ...followUp, commentId }
    const open = await lockOpenSibling(scope, requester, named.ticket)
    // It was there a moment ago, and was closed or given away since: who asks again finds it settled.
    if (!open) return { ...CHANGED_MEANWHILE, commentId: null }
    return { ...(await goOn(scope, open, comment)), commentId }
  })
  return { ...value, position }
}

/** As many as nobody types, and few enough that one person cannot fill the team's lists. */
export const COMMENTS_AT_MOST = 30
const WITHIN_MINUTES = 10

/** Whether the person has said as much as they may for now, by the database's clock. One comment of theirs at a time. */
async function saidEnough({ db }: ChangeScope, userId: string): Promise<boolean> {
  const [row] = await db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM comment
    WHERE author_id = ${userId}::uuid AND channel = 'WEB'
      AND created_at > clock_timestamp() - ${WITHIN_MINUTES} * interval '1 minute'`
  return (row?.count ?? 0) >= COMMENTS_AT_MOST
}

const SAID_ENOUGH: UserError = {
  code: 'TOO_MANY_TRIES',
  field: ['body'],
  message: `At most ${COMMENTS_AT_MOST} comments are taken within ${WITHIN_MINUTES} minutes. Send it later.`,
}

const CHANGED_MEANWHILE: Done = {
  ticketId: null,
  userErrors: [{ code: 'CONFLICT', field: ['ticketId'], message: 'The ticket changed meanwhile; send it again.' }],
}

interface NewComment {
  readonly commentId: string
  readonly authorId: string
  readonly body: string
}

/** F66. */
async function goOn(
  { db, emit }: ChangeScope,
  { ticket, solvedAt, now }: LockedTicket,
  said: NewComment,
): Promise<Done> {
  const status = statusAfterRequesterComment(ticket.status)
  await insertComment(db, ticket.id, said, now)
  await db.ticket.update({
    where: { id: ticket.id },
    data: {
      status,
      solvedAt: status === 'SOLVED' ? solvedAt : null,
      commentCount: { increment: 1 },
      updatedAt: now,
    },
  })
  const { subject: _, ...before } = ticket
  const snapshot = { ...before, status }
  emit({ type: 'comment.created', ticket: snapshot, comment: refOf(said) })
  if (status !== ticket.status) {
    emit({ type: 'ticket.updated', ticket: snapshot, before: { status: ticket.status }, changed: ['status'] })
  }
  return { ticketId: ticket.id, userErrors: [] }
}

/** F26. Undefined: the conversation goes on in an open ticket already, of which there is one at a time. */
async function openFollowUp(
  { db, emit }: ChangeScope,
  { ticket, now }: LockedTicket,
  said: NewComment,
): Promise<Done | undefined> {
  const id = uuidv7()
  const [opened] = await db.$queryRaw<{ number: number }[]>`
    INSERT INTO ticket (id, subject, channel, account_id, requester_id, thread_key, follow_up_of_id, comment_count,
                        created_at, updated_at)
    SELECT ${id}::uuid, t.subject, t.channel, t.account_id, t.requester_id, t.thread_key, t.id, 1, ${now}, ${now}
    FROM ticket t WHERE t.id = ${ticket.id}::uuid
    ON CONFLICT DO NOTHING
    RETURNING number`
  if (!opened) return undefined
  await insertComment(db, id, said, now)
  const { channel, accountId, requesterId } = ticket
  const fresh = { status: 'NEW', priority: null, assigneeId: null, groupId: null, tags: [] } as const
  emit({
    type: 'ticket.created',
    ticket: { id, number: opened.number, channel, accountId, requesterId, ...fresh, tags: [] },
    commentId: said.commentId,
  })
  return { ticketId: id, userErrors: [] }
}

/** F70: where a merged ticket goes on, as far as that is open. */
async function lockOpenTarget(
  scope: ChangeScope,
  requester: Audience,
  ticketId: string,
): Promise<LockedTicket | undefined> {
  const targetId = await lockMergeTarget(scope, ticketId)
  const target = targetId === undefined ? undefined : await lockTicket(scope, requester, targetId)
  return target && target.ticket.status !== 'CLOSED' ? target : undefined
}

/** F26: where the requester went on from it already, by whatever way. */
async function lockOpenFollowUp(
  scope: ChangeScope,
  requester: Audience,
  ticket: Pick<TicketState, 'id' | 'requesterId'>,
): Promise<LockedTicket | undefined> {
  for (const id of await openFollowUpsOf(scope, ticket)) {
    const locked = await lockTicket(scope, requester, id)
    if (locked && locked.ticket.status !== 'CLOSED') return locked
  }
  return undefined
}

/** The open ticket of the same conversation. */
async function lockOpenSibling(
  scope: ChangeScope,
  requester: Audience,
  { id }: Pick<TicketState, 'id'>,
): Promise<LockedTicket | undefined> {
  const found = await scope.db.$queryRaw<{ id: string }[]>`
    SELECT o.id FROM ticket t
    JOIN ticket o ON o.account_id = t.account_id AND o.channel = t.channel AND o.thread_key = t.thread_key
      AND o.requester_id = t.requester_id
    WHERE t.id = ${id}::uuid AND o.status <> 'CLOSED' AND o.import_stopped_at IS NULL AND o.deleted_at IS NULL
    ORDER BY o.number DESC`
  for (const sibling of found) {
    const locked = await lockTicket(scope, requester, sibling.id)
    if (locked && locked.ticket.status !== 'CLOSED') return locked
  }
  return undefined
}

function refOf({ commentId, authorId }: NewComment) {
  return { id: commentId, authorId, direction: 'INBOUND', visibility: 'PUBLIC' } as const
}

async function insertComment(db: ChangeScope['db'], ticketId: string, said: NewComment, now: Date): Promise<void> {
  const data = { ...refOf(said), ticketId, channel: 'WEB', body: said.body, postedAt: now, createdAt: now } as const
  await db.comment.create({ data })
}
