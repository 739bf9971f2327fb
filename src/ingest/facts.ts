import type { CaptureAccount } from '../domain/captured.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import { type KnownPost, readKnown } from './facts-known.ts'
import { readLiked } from './facts-liked.ts'
import { readThreads, readTickets, type ThreadTicket } from './facts-threads.ts'
import type { Item } from './item.ts'
import { mentionedIn, messageOf, postOf, threadKeyOf } from './threads.ts'

/*
 * What the decisions about a batch rest on, read inside the transaction that carries them out. Other deliveries of the
 * same conversations wait for its end, and the tickets found are locked, so that nobody closes one between the decision
 * and the deed.
 */

/** Conversations share this many locks: PostgreSQL has room for a few thousand at a time, for all transactions. */
const LOCKS = 256
/** The first half of the locks' keys: "inge" in ASCII, so that they are nobody else's. */
const LOCK_SPACE = 0x696e6765

export interface BatchFacts {
  readonly accounts: readonly CaptureAccount[]
  /** Whether what its author deletes at X is deleted here. */
  readonly redact: boolean
  /** Posts that are comments, or wait, by the id of each version that is known. */
  readonly posts: ReadonlyMap<string, KnownPost>
  /** Messages that are comments: `channel/id`. */
  readonly messages: ReadonlySet<string>
  /** Likes that were seen before, by `likeKey`. */
  readonly liked: ReadonlySet<string>
  /** Posts that X said are deleted before it told of them. */
  readonly deleted: ReadonlySet<string>
  /** Newest ticket by thread key; one that takes comments comes before one that does not. */
  readonly threads: ReadonlyMap<string, ThreadTicket>
  /** Further tickets, of known posts that may change. */
  readonly tickets: readonly ThreadTicket[]
  /** X users whom somebody here has suspended. */
  readonly suspended: ReadonlySet<string>
}

type Db = Prisma.TransactionClient

export async function readFacts(db: Db, items: readonly Item[]): Promise<BatchFacts> {
  const posts = items.flatMap((item) => postOf(item) ?? [])
  const messages = items.flatMap((item) => messageOf(item) ?? [])
  const conversations = [...new Set(posts.map((post) => post.conversationId))]
  const participants = [...new Set(messages.flatMap(({ participantId }) => participantId ?? []))]
  await lockConversations(db, [...conversations, ...participants.map((id) => `dm/${id}`)])

  const accounts = await db.account.findMany({
    select: {
      id: true,
      xUserId: true,
      screenName: true,
      status: true,
      captureMentions: true,
      manualConversion: true,
      captureDirectMessages: true,
      trackLikes: true,
      capturesFrom: true,
    },
    orderBy: { createdAt: 'asc' },
  })
  const known = await readKnown(db, mentionedIn(items), messages)
  const liked = await readLiked(db, items)
  const people = [...new Set(items.flatMap((item) => threadKeyOf(item, accounts)?.personId ?? []))]
  const active = new Set(accounts.flatMap(({ id, status }) => (status === 'ACTIVE' ? [id] : [])))
  const { threads, suspended } = await readThreads(db, { people, conversations, participants }, active)
  const tickets = await readTickets(db, known.changing)
  return { accounts, ...known, liked, threads, suspended, tickets }
}

/**
 * Until the transaction ends, nobody else decides about these. In order, so that two batches never wait for each other;
 * and first, so that what follows sees what the other did.
 */
export async function lockConversations(db: Db, names: readonly string[]): Promise<void> {
  await db.$executeRaw`
    SELECT pg_advisory_xact_lock(${LOCK_SPACE}::int, lock) FROM (
      SELECT DISTINCT abs(hashtext(name) % ${LOCKS}::int) AS lock FROM unnest(${names}::text[]) AS name ORDER BY lock
    ) AS locks`
}
