import type { DeliveryError } from '../domain/delivery.ts'
import { deliveryJob } from '../domain/delivery-job.ts'
import type { UserError } from '../domain/errors.ts'
import { costOf, type MicroDollars } from '../domain/price.ts'
import type { TicketState } from '../domain/ticket.ts'
import type { ChangeScope } from '../store/store.ts'
import type { TicketLinks } from '../tickets/ticket-links.ts'
import { kindOf } from './options.ts'
import { planReply, type ReplyPlan, textProblem } from './plan-reply.ts'
import { type ReplyFacts, readManyReplyFacts } from './reply-facts.ts'
import { writeReplies } from './write-replies.ts'

/*
 * Answers of a bulk update: by the bulk sender rule (F31-F35), and sent when no single answer waits. A ticket's link is
 * our own short one, unless a shortener has made one before: nobody waits for thousands of calls of somebody's server.
 */

/** An answer that a bulk update is to give. */
export interface BulkReplyAsked {
  readonly ticket: TicketState
  readonly body: string
  /** Whether it carries a link to the ticket's page, where agents decide (F52). */
  readonly ticketLink?: boolean | null | undefined
}

/** What it will be. */
export interface BulkReply {
  readonly plan: ReplyPlan
  /** With its link, if it gets one. */
  readonly body: string
  /** What X charges for it. */
  readonly price: MicroDollars
}

/** What it will be, or why there can be none; `field` is the path inside the reply. */
export type BulkReplyDecision =
  | { readonly reply: BulkReply; readonly errors?: undefined }
  | { readonly reply?: undefined; readonly errors: readonly [UserError] }

export interface BulkReplies {
  /** Why no ticket at all can be answered so; `field` is the path inside the reply. */
  refusal(db: ChangeScope['db'], reply: Pick<BulkReplyAsked, 'ticketLink'>): Promise<UserError | undefined>
  /** Decides, by ticket id. The second time, with the scope of a change, the links are made. */
  decide(
    scope: { readonly db: ChangeScope['db'] },
    asked: readonly BulkReplyAsked[],
    links: 'make' | 'preview',
  ): Promise<ReadonlyMap<string, BulkReplyDecision>>
  /** Writes them with the jobs that send them. Gives the comments' ids by ticket. */
  write(
    scope: ChangeScope,
    authorId: string,
    replies: readonly { readonly ticketId: string; readonly reply: BulkReply }[],
    now: Date,
  ): Promise<ReadonlyMap<string, string>>
  /** Of these comments, the answers that were not sent yet, with who wrote them; nobody sends them meanwhile. */
  waiting(scope: ChangeScope, commentIds: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Takes answers back that wait. */
  withdraw(scope: ChangeScope, commentIds: readonly string[]): Promise<void>
}

export function createBulkReplies({
  selfServe,
  links,
}: {
  /** Whether X holds the app to the rules for self-serve access. */
  readonly selfServe: boolean
  readonly links: Pick<TicketLinks, 'addTo' | 'preview'>
}): BulkReplies {
  return {
    async refusal(db, { ticketLink }) {
      const [linked] = await links.preview(db, [{ ticket: ANY_TICKET, text: '', wanted: ticketLink }])
      return linked?.refused && { ...linked.refused, field: ['ticketLink'] }
    },

    async decide(scope, asked, mode) {
      if (asked.length === 0) return new Map()
      const facts = await readManyReplyFacts(
        scope.db,
        asked.map(({ ticket }) => ticket),
        selfServe,
      )
      const decisions = new Map<string, BulkReplyDecision>()
      const going: { readonly one: BulkReplyAsked; readonly plan: ReplyPlan; readonly known: ReplyFacts }[] = []
      for (const one of asked) {
        const { ticket, body } = one
        const known = facts.get(ticket.id)
        if (!known) throw new Error('A ticket has no facts.')
        const { plan, refusal } = planReply(ticket, known, 'bulk')
        const problem = plan && textProblem(body, plan.channel, plan.participants)
        if (refusal) decisions.set(ticket.id, fault(refusal.code, [], refusal.message))
        else if (problem) decisions.set(ticket.id, fault('INVALID_INPUT', ['body'], problem))
        else if (plan) going.push({ one, plan, known })
      }
      // Only for those that are answered: a link that is not sent is not made.
      const texts = going.map(({ one: { ticket, body, ticketLink } }) => ({ ticket, text: body, wanted: ticketLink }))
      const linked = await (mode === 'make' ? links.addTo(scope, texts) : links.preview(scope.db, texts))
      for (const [index, { one, plan, known }] of going.entries()) {
        const text = linked[index]
        if (!text) throw new Error('A text was lost.')
        decisions.set(
          one.ticket.id,
          text.refused
            ? fault(text.refused.code, ['ticketLink'], text.refused.message)
            : finish(text.body, plan, known),
        )
      }
      return decisions
    },

    write: (scope, authorId, replies, now) =>
      writeReplies(
        scope,
        replies.map(({ ticketId, reply: { plan, body } }) => ({ ticketId, plan, body })),
        { authorId, bulk: true, now },
      ),

    async waiting({ db }, commentIds) {
      if (commentIds.length === 0) return new Map()
      const rows = await db.$queryRaw<{ id: string; authorId: string }[]>`
        SELECT c.id::text AS id, c.author_id::text AS "authorId"
        FROM delivery d JOIN comment c ON c.id = d.comment_id
        WHERE d.comment_id = ANY(${commentIds}::uuid[]) AND d.state = 'QUEUED'
        ORDER BY d.comment_id FOR UPDATE OF d`
      return new Map(rows.map(({ id, authorId }) => [id, authorId]))
    },

    async withdraw({ db, enqueue }, commentIds) {
      if (commentIds.length === 0) return
      // What was given after them on their tickets has its turn.
      const behind = await db.$queryRaw<{ accountId: string | null }[]>`
        SELECT DISTINCT e.account_id::text AS "accountId"
        FROM delivery d JOIN delivery e ON e.ticket_id = d.ticket_id AND e.finished_at IS NULL
        WHERE d.comment_id = ANY(${commentIds}::uuid[]) AND NOT e.comment_id = ANY(${commentIds}::uuid[])`
      for (const { accountId } of behind) enqueue(deliveryJob(accountId))
      await db.$executeRaw`
        UPDATE delivery SET state = 'FAILED', error = ${'WITHDRAWN' satisfies DeliveryError}, finished_at = clock_timestamp()
        WHERE comment_id = ANY(${commentIds}::uuid[]) AND state = 'QUEUED'`
    },
  }
}

const ANY_TICKET = { id: '00000000-0000-0000-0000-000000000000', number: 0 }

/** F52: the link counts. */
function finish(body: string, plan: ReplyPlan, facts: ReplyFacts): BulkReplyDecision {
  const problem = textProblem(body, plan.channel, plan.participants)
  if (problem) return fault('INVALID_INPUT', ['body'], problem)
  return { reply: { plan, body, price: costOf(kindOf(facts, plan.accountId, body), 1) } }
}

const fault = (code: UserError['code'], field: readonly string[], message: string): BulkReplyDecision => ({
  errors: [{ code, field, message }],
})
