import type { Actor, EventBody, TicketSnapshot } from '../domain/event.ts'
import type { BatchFacts } from './facts.ts'
import type { Plan, PlannedComment } from './planned.ts'
import { type FollowedPost, stateOf } from './rows-incoming.ts'

/** What the database said while the batch was written. */
export interface Written {
  /** User ids by X user id. */
  readonly requesters: ReadonlyMap<string, string>
  /** Ticket numbers by id. */
  readonly numbers: ReadonlyMap<string, number>
  /** Tickets whose subject is gone with their post. */
  readonly renamed: ReadonlySet<string>
  /** Incoming posts that changed with the comments that they became. */
  readonly followed: readonly FollowedPost[]
}

export interface Happening {
  readonly body: EventBody
  /** Absent: whoever makes the change. */
  readonly actor?: Actor
}

/** What a batch tells the world, in the order of the batch: tickets and comments first, then what changed of others. */
export function happenings(plan: Plan, facts: BatchFacts, written: Written): Happening[] {
  const tickets = new Map<string, TicketSnapshot>()
  for (const { snapshot } of [...facts.threads.values(), ...facts.tickets]) tickets.set(snapshot.id, snapshot)
  for (const { id, channel, accountId, personId } of plan.tickets) {
    tickets.set(id, {
      id,
      number: written.numbers.get(id) ?? 0,
      status: 'NEW',
      priority: null,
      channel,
      accountId,
      requesterId: written.requesters.get(personId) ?? '',
      assigneeId: null,
      groupId: null,
      tags: [],
    })
  }
  return [
    ...plan.comments.flatMap((comment) => ofComment(comment, tickets, written)),
    ...ofChanges(plan, tickets, written),
    ...ofIncoming(plan),
    ...written.followed.map(ofFollowed),
  ]
}

/** Moves the ticket on in `tickets`, for what comes after. */
function ofComment(
  comment: PlannedComment,
  tickets: Map<string, TicketSnapshot>,
  { requesters }: Written,
): Happening[] {
  const was = tickets.get(comment.ticketId)
  if (!was) return []
  const { id, direction, visibility, personId, userId, before, after } = comment
  const authorId = personId === null ? null : (requesters.get(personId) ?? null)
  const who = userId ? user(userId) : authorId ? { actor: { kind: 'requester', id: authorId } as const } : {}
  const ticket = { ...was, status: after }
  tickets.set(ticket.id, ticket)
  if (comment.opens) return [{ body: { type: 'ticket.created', ticket, commentId: id }, ...who }]
  const said = { type: 'comment.created', ticket, comment: { id, authorId, direction, visibility } } as const
  if (before === after) return [{ body: said, ...who }]
  const moved = { type: 'ticket.updated', ticket, before: { status: before }, changed: ['status'] } as const
  return [
    { body: said, ...who },
    { body: { ...moved, changed: [...moved.changed] }, ...who },
  ]
}

const user = (id: string) => ({ actor: { kind: 'user', id } as const })

function ofChanges(
  { commentChanges }: Plan,
  tickets: ReadonlyMap<string, TicketSnapshot>,
  { renamed }: Written,
): Happening[] {
  return commentChanges.flatMap(({ known, changed }): Happening[] => {
    const ticket = known.comment && tickets.get(known.comment.ticketId)
    if (!ticket || !known.comment) return []
    const { id, authorId, direction, visibility } = known.comment
    const comment = { id, authorId, direction, visibility }
    const change: Happening = { body: { type: 'comment.updated', ticket, comment, changed: [...changed] } }
    if (!changed.has('deletedAt') || !renamed.has(ticket.id)) return [change]
    return [change, { body: { type: 'ticket.updated', ticket, before: {}, changed: ['subject'] } }]
  })
}

function ofIncoming({ waits, incomingChanges }: Plan): Happening[] {
  return [
    ...waits.map((wait): Happening => {
      const { post, accountId } = wait
      return { body: { type: 'incomingPost.created', postId: post.id, accountId, state: stateOf(wait).state } }
    }),
    ...incomingChanges.map((change): Happening => {
      const { postId, accountId, revision, deleted, ticketId } = change
      const state = ticketId !== null ? 'CONVERTED' : deleted ? 'IGNORED' : change.state
      const what = ticketId !== null ? 'CONVERTED' : deleted ? 'DELETED' : 'EDITED'
      const changed = [...(revision ? ['text'] : []), ...(ticketId !== null || deleted ? ['state'] : [])]
      return { body: { type: 'incomingPost.updated', postId, accountId, state, what, changed } }
    }),
  ]
}

function ofFollowed({ postId, accountId, deleted }: FollowedPost): Happening {
  const what = deleted ? 'DELETED' : 'EDITED'
  return {
    body: { type: 'incomingPost.updated', postId, accountId, state: 'CONVERTED', what, changed: ['text'] },
  }
}
