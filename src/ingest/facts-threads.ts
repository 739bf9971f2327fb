import type { Thread } from '../domain/captured.ts'
import type { TicketSnapshot } from '../domain/event.ts'
import { Prisma } from '../generated/prisma/client.ts'
import { messageThread, postThread } from './threads.ts'

/* The tickets that a batch may go on in, or change; locked until its end. */

export interface ThreadTicket extends Thread {
  readonly snapshot: TicketSnapshot
  /** F24: said once that it takes nothing more. */
  readonly importStopped: boolean
  /** F69: takes nothing; only what X says of its comments is kept up. */
  readonly deleted: boolean
  /** F70: where it went. */
  readonly mergedIntoId: string | null
}

type Db = Prisma.TransactionClient

export interface Wanted {
  /** X users who may be requesters. */
  readonly people: readonly string[]
  readonly conversations: readonly string[]
  /** X users who write direct messages. */
  readonly participants: readonly string[]
}

/**
 * Newest ticket by thread key, and who of the people is suspended. `active`: accounts whose tickets take comments (F6).
 */
export async function readThreads(
  db: Db,
  { people, conversations, participants }: Wanted,
  active: ReadonlySet<string>,
): Promise<{ threads: Map<string, ThreadTicket>; suspended: Set<string> }> {
  const users = await db.$queryRaw<{ id: string; x_profile_id: string }[]>`
    SELECT id, x_profile_id FROM "user" WHERE x_profile_id = ANY(${people})`
  const threads = new Map<string, ThreadTicket>()
  if (users.length === 0) return { threads, suspended: new Set() }
  const personOf = new Map(users.map((user) => [user.id, user.x_profile_id]))
  const requesters = users.map(({ id }) => id)
  // By requester, found before: a join in its place reads every ticket of a conversation that went viral.
  const rows = await db.$queryRaw<TicketRow[]>`
    SELECT ${COLUMNS} FROM ticket t
    WHERE t.requester_id = ANY(${requesters}::uuid[]) AND t.deleted_at IS NULL
      AND ((t.channel IN ('X_CORP', 'X_CORP_LIKE') AND t.thread_key = ANY(${conversations}))
        OR (t.channel = 'X_CORP_DM' AND t.thread_key = ANY(${participants})))
    ORDER BY t.id FOR UPDATE OF t`
  for (const row of rows) {
    const person = personOf.get(row.requester_id) ?? ''
    const key = row.channel === 'X_CORP_DM' ? messageThread(row.account_id, person) : postThread(row.thread_key, person)
    const before = threads.get(key)
    const ticket = toThread(row)
    // Ids are in time order, so the last one wins, unless the one before takes comments and this one does not.
    if (!before || rank(ticket, active) >= rank(before, active)) threads.set(key, ticket)
  }
  await followMerges(db, threads)
  // After the locks: whoever marks one of these tickets as spam suspends its requester in the same breath (F69).
  const suspended = await db.$queryRaw<{ x_profile_id: string }[]>`
    SELECT x_profile_id FROM "user" WHERE x_profile_id = ANY(${people}) AND NOT active`
  return { threads, suspended: new Set(suspended.map((user) => user.x_profile_id)) }
}

/**
 * F70: what was merged goes on in the ticket that it was merged into, however often that was merged itself, while that
 * one takes what X brings: of the same account and requester, and public where this one is public. Else in a follow-up.
 */
async function followMerges(db: Db, threads: Map<string, ThreadTicket>): Promise<void> {
  const seen = new Map<string, ThreadTicket>()
  const missing = (ids: Iterable<string | null>) => [...new Set(ids)].filter((id) => id !== null && !seen.has(id))
  for (let next = missing([...threads.values()].map(mergedInto)); next.length > 0; ) {
    const found = await readTickets(
      db,
      next.filter((id) => id !== null),
    )
    for (const ticket of found) seen.set(ticket.ticketId, ticket)
    next = missing(found.map(mergedInto)).filter((id) => !next.includes(id))
  }
  for (const [key, source] of threads) {
    let target = source
    for (let id = mergedInto(target); id !== null; id = mergedInto(target)) {
      const into = seen.get(id)
      if (!into || into === target) break
      target = into
    }
    if (target !== source && takesFor(target, source)) threads.set(key, target)
  }
}

/** Where a closed ticket went; null: nowhere. */
const mergedInto = ({ status, mergedIntoId }: ThreadTicket): string | null =>
  status === 'CLOSED' ? mergedIntoId : null

function takesFor(target: ThreadTicket, source: ThreadTicket): boolean {
  const [a, b] = [target.snapshot, source.snapshot]
  return (
    target.status !== 'CLOSED' &&
    !target.deleted &&
    a.accountId === b.accountId &&
    a.requesterId === b.requesterId &&
    (a.channel === 'X_CORP_DM') === (b.channel === 'X_CORP_DM')
  )
}

/** How much of a home for the next comment it is. */
function rank({ accountId, status, importStopped }: ThreadTicket, active: ReadonlySet<string>): number {
  if (status === 'CLOSED') return 0
  return active.has(accountId) ? (importStopped ? 2 : 3) : 1
}

/** Tickets by id. */
export async function readTickets(db: Db, ids: readonly string[]): Promise<ThreadTicket[]> {
  if (ids.length === 0) return []
  const rows = await db.$queryRaw<TicketRow[]>`
    SELECT ${COLUMNS} FROM ticket t WHERE t.id = ANY(${ids}::uuid[]) ORDER BY t.id FOR UPDATE OF t`
  return rows.map(toThread)
}

const COLUMNS = Prisma.sql`
  t.id, t.number, t.status::text, t.priority::text, t.channel::text, t.account_id, t.requester_id, t.assignee_id,
  t.group_id, t.tags, t.comment_count, t.thread_key, t.import_stopped_at IS NOT NULL AS import_stopped,
  t.merged_into_id, t.deleted_at IS NOT NULL AS deleted`

interface TicketRow {
  id: string
  number: number
  status: TicketSnapshot['status']
  priority: TicketSnapshot['priority']
  channel: TicketSnapshot['channel']
  account_id: string
  requester_id: string
  assignee_id: string | null
  group_id: string | null
  tags: string[]
  comment_count: number
  thread_key: string
  import_stopped: boolean
  merged_into_id: string | null
  deleted: boolean
}

function toThread(row: TicketRow): ThreadTicket {
  return {
    ticketId: row.id,
    accountId: row.account_id,
    status: row.status,
    commentCount: row.comment_count,
    importStopped: row.import_stopped,
    mergedIntoId: row.merged_into_id,
    deleted: row.deleted,
    snapshot: {
      id: row.id,
      number: row.number,
      status: row.status,
      priority: row.priority,
      channel: row.channel,
      accountId: row.account_id,
      requesterId: row.requester_id,
      assigneeId: row.assignee_id,
      groupId: row.group_id,
      tags: row.tags,
      ...(row.deleted && { deleted: true }),
    },
  }
}
