import type { Logger } from 'pino'
import { XCHAT_CURSORS } from '../domain/xchat-cursor.ts'
import { XError } from '../x/errors.ts'
import { type ConversationServices, readConversation } from './xchat-conversation.ts'
import type { ChatConversation } from './xchat-parse.ts'

/*
 * One round of an account: which conversations have news, and then each of them. X's events only tell when to look.
 */

/** What the rounds of one account remember between them. */
export interface RoundMemory {
  /** X's `updated_at` of conversations when they were last read, and whether that was read twice. */
  readonly readAt: Map<string, { readonly updatedAt: string; readonly twice: boolean }>
  /** When conversations had last been read before, by the database's clock. */
  readonly before: ReadonlyMap<string, Date>
}

/** People who are remembered from one round to the next. */
const MAX_PEOPLE = 10_000

/** How far X's clock and the database's may be apart. */
const CLOCKS_MS = 10 * 60_000

/** Begins where others, or we in another life, left off. */
export async function rememberRounds({ store, account }: ConversationServices): Promise<RoundMemory> {
  const cursors = await store.prisma.sourceCursor.findMany({
    where: { accountId: account.id, source: { startsWith: XCHAT_CURSORS, not: XCHAT_CURSORS } },
    select: { source: true, syncedAt: true },
  })
  const before = cursors.flatMap(({ source, syncedAt }) =>
    syncedAt ? ([[source.slice(XCHAT_CURSORS.length), syncedAt]] as const) : [],
  )
  return { readAt: new Map(), before: new Map(before) }
}

/**
 * Reads all conversations that have news. One that fails is left for the next round and holds up no other; throws what
 * failed first, when all others are read.
 */
export async function readRound(
  services: ConversationServices,
  memory: RoundMemory,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const { account, keys, people } = services
  if (people.size > MAX_PEOPLE) people.clear()
  const anew = (await keys.refresh()) ? await withUnread(services) : []
  const active = await changedSince(services, memory, anew)
  const updatedAt = new Map(active.map((conversation) => [conversation.id, conversation.updatedAt]))
  // What is overdue first; then what has been waiting longest.
  const due = new Set([...anew, ...active.map(({ id }) => id).reverse()])
  const failures: unknown[] = []
  for (const id of due) {
    if (signal.aborted) return
    try {
      await readConversation(services, id, anew.includes(id))
      const read = updatedAt.get(id)
      if (read) memory.readAt.set(id, { updatedAt: read, twice: memory.readAt.get(id)?.updatedAt === read })
    } catch (error) {
      if (isForAll(error)) throw error
      logger.warn({ err: error, accountId: account.id, conversationId: id }, 'an XChat conversation could not be read')
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  keys.tried()
}

/** X's answers that say the same of every other conversation. */
function isForAll(error: unknown): boolean {
  const kind = error instanceof XError ? error.kind : undefined
  return kind === 'RATE_LIMITED' || kind === 'UNAUTHORIZED'
}

/** Conversations with messages that are kept unread, the one of the oldest first. */
async function withUnread({ store, account }: ConversationServices): Promise<string[]> {
  const rows = await store.prisma.$queryRaw<{ id: string }[]>`
    SELECT conversation_id AS id FROM xchat_message
    WHERE account_id = ${account.id}::uuid AND unread_reason IS NOT NULL
    GROUP BY conversation_id ORDER BY min(id::numeric)`
  return rows.map(({ id }) => id)
}

/**
 * Pages are read up to one without news: they come the most recently active first. Further where conversations are to be
 * read `anew`, for a page shows who takes part: a requester has a name.
 */
async function changedSince(
  services: ConversationServices,
  memory: RoundMemory,
  anew: readonly string[],
): Promise<ChatConversation[]> {
  const found: ChatConversation[] = []
  const unseen = new Set(anew)
  for await (const { conversations, people } of services.pages.conversations()) {
    for (const [id, person] of people) services.people.set(id, person)
    const due = conversations.filter((conversation) => isDue(conversation, services.account.capturesFrom, memory))
    found.push(...due)
    for (const { id } of conversations) unseen.delete(id)
    if (due.length === 0 && unseen.size === 0 && conversations.length > 0) break
  }
  return found
}

/**
 * Where X does not say when a conversation changed, it is read every time; where it does, twice: X's time may be no finer
 * than a second, and hide what came right after the first reading.
 */
function isDue({ id, updatedAt }: ChatConversation, capturesFrom: Date, { readAt, before }: RoundMemory): boolean {
  if (updatedAt === null) return true
  const known = readAt.get(id)
  if (known !== undefined) return known.updatedAt !== updatedAt || !known.twice
  const looked = before.get(id) ?? capturesFrom
  return new Date(updatedAt).getTime() > looked.getTime() - CLOCKS_MS
}
