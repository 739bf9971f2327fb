import type { UserError } from '../domain/errors.ts'
import { type Audience, visibleTickets } from '../domain/visibility.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { type LockedTicket, lockTicket, missing } from '../tickets/lock-ticket.ts'
import type { Done } from '../tickets/outcome.ts'
import type { TicketLinks } from '../tickets/ticket-links.ts'
import { changeTicket } from '../tickets/update-ticket.ts'
import { planReply, type ReplyRefusal, textProblem } from './plan-reply.ts'
import type { ReplyOutcome, ReplyRequest } from './replies.ts'
import { readReplyFacts } from './reply-facts.ts'
import { writeReplies } from './write-replies.ts'

type Replied = Done & { readonly commentId: string | null }

/** What an answer is decided by, besides the database. */
export interface ReplyParts {
  readonly selfServe: boolean
  readonly links: TicketLinks
}

/** Commits the answer, what it makes of the ticket, and the job that sends it. */
export async function reply(
  services: ReplyParts & { readonly store: Pick<Store, 'change' | 'prisma'> },
  person: Audience,
  request: ReplyRequest,
): Promise<ReplyOutcome> {
  const { ticketId } = request
  await services.links.prepare(ticketId, request.ticketLink, () => mayGo(services, person, request))
  const { value, position } = await services.store.change(
    { kind: 'user', id: person.userId },
    async (scope): Promise<Replied> => {
      const locked = await lockTicket(scope, person, ticketId)
      if (!locked) return { ...(await missing(scope, person, ticketId)), commentId: null }
      return replyWithin(scope, services, person, locked, request)
    },
  )
  return { ...value, position }
}

/** Whether the answer will be given, as things stand before its transaction. */
async function mayGo(
  { store: { prisma }, selfServe }: { readonly store: Pick<Store, 'prisma'>; readonly selfServe: boolean },
  person: Audience,
  { ticketId, commentId, accountId, body }: ReplyRequest,
): Promise<boolean> {
  const ticket = await prisma.ticket.findUnique({ where: { id: ticketId, deletedAt: null, ...visibleTickets(person) } })
  if (!ticket) return false
  const facts = await readReplyFacts(prisma, ticket, selfServe, commentId)
  const { plan } = planReply(ticket, facts, 'single', accountId)
  return plan !== undefined && textProblem(body, plan.channel, plan.participants) === undefined
}

/** The same on a ticket that is locked already, inside a transaction that may do more. */
export async function replyWithin(
  scope: ChangeScope,
  { selfServe, links }: ReplyParts,
  person: Audience,
  locked: LockedTicket,
  request: ReplyRequest,
): Promise<Replied> {
  const { ticket, now } = locked
  const ticketId = ticket.id
  const refused = (code: UserError['code'], field: string, message: string): Replied => ({
    ticketId,
    commentId: null,
    userErrors: [{ code, field: [field], message }],
  })
  const facts = await readReplyFacts(scope.db, ticket, selfServe, request.commentId)
  const { plan, refusal } = planReply(ticket, facts, 'single', request.accountId)
  if (refusal) return refused(refusal.code, fieldOf(refusal, request), refusal.message)
  const { channel, participants } = plan
  const typed = textProblem(request.body, channel, participants)
  if (typed) return refused('INVALID_INPUT', 'body', typed)
  const [linked] = await links.addTo(scope, [{ ticket, text: request.body, wanted: request.ticketLink }])
  if (!linked) throw new Error('A text was lost.')
  if (linked.refused) return refused(linked.refused.code, 'ticketLink', linked.refused.message)
  // F52: the link counts.
  const problem = textProblem(linked.body, channel, participants)
  if (problem) return refused('INVALID_INPUT', 'body', problem)

  // What the answer says of the ticket comes first: an error in it sends nothing.
  if (request.status !== undefined) {
    const changed = await changeTicket(scope, person, locked, { status: request.status })
    if (changed.userErrors.length > 0) return { ...changed, commentId: null }
  }
  const after = request.status === undefined ? locked : ((await lockTicket(scope, person, ticketId)) ?? locked)
  const { subject: _, ...snapshot } = after.ticket
  const reply = { ticketId, plan, body: linked.body }
  const written = await writeReplies(scope, [reply], { authorId: person.userId, bulk: false, now })
  const commentId = written.get(ticketId)
  if (commentId === undefined) throw new Error('An answer was not written.')
  await scope.db.ticket.update({ where: { id: ticketId }, data: { commentCount: { increment: 1 }, updatedAt: now } })
  const comment = { id: commentId, authorId: person.userId, direction: 'OUTBOUND', visibility: 'PUBLIC' } as const
  scope.emit({ type: 'comment.created', ticket: snapshot, comment })
  return { ticketId, commentId, userErrors: [] }
}

/** What of a request is at fault. */
export const fieldOf = ({ about }: ReplyRefusal, { commentId }: Pick<ReplyRequest, 'commentId'>): string =>
  about === 'account' ? 'accountId' : about === 'comment' && commentId !== undefined ? 'commentId' : 'ticketId'
