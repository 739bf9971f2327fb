import { v7 as uuidv7 } from 'uuid'
import { deliveryJob } from '../domain/delivery-job.ts'
import { json } from '../store/json-parameter.ts'
import type { ChangeScope } from '../store/store.ts'
import { type ReplyPlan, sentText } from './plan-reply.ts'
import { hurry, nextRound } from './queue.ts'

/** An answer that is to be kept and sent. */
export interface NewReply {
  readonly ticketId: string
  readonly plan: ReplyPlan
  /** With its link, if it gets one. */
  readonly body: string
}

interface Written {
  readonly authorId: string
  /** One of many: those of a bulk update give way to single answers (domain/fair-queue.ts). */
  readonly bulk: boolean
  /** The database's clock. */
  readonly now: Date
}

/** Writes the comments, their deliveries and the jobs that send them. Gives the comments' ids by ticket. */
export async function writeReplies(
  { db, enqueue }: Pick<ChangeScope, 'db' | 'enqueue'>,
  replies: readonly NewReply[],
  { authorId, bulk, now }: Written,
): Promise<ReadonlyMap<string, string>> {
  if (replies.length === 0) return new Map()
  const rounds: number[] = []
  if (!bulk) {
    for (const { ticketId, plan } of replies) {
      const round = await nextRound(db, plan.accountId, authorId)
      await hurry(db, ticketId, plan.accountId, round)
      rounds.push(round)
    }
  }
  const rows = replies.map(({ ticketId, plan, body }, index) => ({
    id: uuidv7(),
    ticket: ticketId,
    channel: plan.channel,
    body: sentText(body, plan.channel),
    account: plan.accountId,
    target: plan.target,
    mentions: plan.participants,
    turn: rounds[index] ?? 0,
  }))
  // Two statements, whatever the number: a bulk update writes hundreds at once.
  await db.$executeRaw`
    INSERT INTO comment (id, ticket_id, author_id, direction, visibility, channel, body, posted_at, created_at)
    SELECT r.id, r.ticket, ${authorId}::uuid, 'OUTBOUND', 'PUBLIC', r.channel, r.body, ${now}, ${now}
    FROM jsonb_to_recordset(${json(rows)}::jsonb) AS r(id uuid, ticket uuid, channel "CommentChannel", body text)`
  await db.$executeRaw`
    INSERT INTO delivery (comment_id, ticket_id, channel, account_id, target, mentions, bulk, turn, created_at, due_at)
    SELECT r.id, r.ticket, r.channel, r.account, r.target, r.mentions, ${bulk}, r.turn, ${now}, ${now}
    FROM jsonb_to_recordset(${json(rows)}::jsonb)
      AS r(id uuid, ticket uuid, channel "CommentChannel", account uuid, target text, mentions text[], turn int)`
  for (const account of new Set(rows.map((row) => row.account))) enqueue(deliveryJob(account))
  return new Map(rows.map(({ id, ticket }) => [ticket, id]))
}
