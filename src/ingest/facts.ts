import type { CaptureAccount, Post, Thread } from '../domain/capture.ts'
import type { TicketSnapshot } from '../domain/event.ts'
import type { Prisma } from '../generated/prisma/client.ts'

/*
 * What the decisions about a batch of posts rest on, read inside the transaction that carries them
 * out. Other deliveries of the same conversations wait for its end, and the tickets found are
 * locked, so that nobody closes one between the decision and the deed.
 */

/** Conversations share this many locks: PostgreSQL has room for a few thousand at a time, for all transactions. */
const LOCKS = 256
/** The first half of the locks' keys: "inge" in ASCII, so that they are nobody else's. */
const LOCK_SPACE = 0x696e6765

export interface ThreadTicket extends Thread {
  readonly snapshot: TicketSnapshot
}

export interface BatchFacts {
  readonly accounts: readonly CaptureAccount[]
  /** Posts that are comments, or wait, already. */
  readonly known: ReadonlySet<string>
  /** Newest ticket by `threadOf` key; an open one comes before a closed one. */
  readonly threads: ReadonlyMap<string, ThreadTicket>
}

/** The key of one author's thread in one conversation. */
export function threadOf(conversationId: string, authorId: string): string {
  return `${conversationId}/${authorId}`
}

/** Whose thread a post belongs to: its author's; for our own posts, that of the person answered. */
export function threadOwner(post: Post, accounts: readonly CaptureAccount[]): string {
  const own = accounts.some((account) => account.xUserId === post.authorId)
  return own && post.inReplyToUserId ? post.inReplyToUserId : post.authorId
}

export async function readFacts(db: Prisma.TransactionClient, posts: readonly Post[]): Promise<BatchFacts> {
  const conversations = [...new Set(posts.map((post) => post.conversationId))]
  // In order, so that two batches never wait for each other; and first, so that what follows sees what the other did.
  await db.$executeRaw`
    SELECT pg_advisory_xact_lock(${LOCK_SPACE}::int, lock) FROM (
      SELECT DISTINCT abs(hashtext(id) % ${LOCKS}::int) AS lock FROM unnest(${conversations}::text[]) AS id ORDER BY lock
    ) AS locks`
  const accounts = await db.account.findMany({
    select: { id: true, xUserId: true, screenName: true, status: true, captureMentions: true, capturesFrom: true },
    orderBy: { createdAt: 'asc' },
  })
  const ids = posts.map(({ id }) => id)
  const known = await db.$queryRaw<{ id: string }[]>`
    SELECT external_id AS id FROM comment WHERE channel = 'X_POST' AND external_id = ANY(${ids})
    UNION ALL SELECT id FROM incoming_post WHERE id = ANY(${ids})`
  const owners = [...new Set(posts.map((post) => threadOwner(post, accounts)))]
  const rows = await db.$queryRaw<ThreadRow[]>`
    SELECT t.id, t.number, t.status::text, t.priority::text, t.channel::text, t.account_id, t.requester_id,
           t.assignee_id, t.group_id, t.tags, t.comment_count, t.thread_key, u.x_profile_id
    FROM ticket t JOIN "user" u ON u.id = t.requester_id
    -- By requester, found once: a join in its place reads every ticket of a conversation that went viral, and without
    -- statistics (a new database) PostgreSQL may look for every conversation with every author.
    WHERE t.requester_id = ANY(ARRAY(SELECT id FROM "user" WHERE x_profile_id = ANY(${owners})))
      AND t.channel = 'X_CORP' AND t.thread_key = ANY(${conversations})
    ORDER BY t.id FOR UPDATE OF t`
  const threads = new Map<string, ThreadTicket>()
  for (const row of rows) {
    const key = threadOf(row.thread_key, row.x_profile_id)
    const before = threads.get(key)
    // Ids are in time order, so the last one wins, unless the one before is still open.
    if (!before || before.status === 'CLOSED' || row.status !== 'CLOSED') threads.set(key, toThread(row))
  }
  return { accounts, known: new Set(known.map(({ id }) => id)), threads }
}

interface ThreadRow {
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
  x_profile_id: string
}

function toThread(row: ThreadRow): ThreadTicket {
  return {
    ticketId: row.id,
    accountId: row.account_id,
    status: row.status,
    commentCount: row.comment_count,
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
    },
  }
}
