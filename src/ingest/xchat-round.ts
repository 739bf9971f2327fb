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
  /** Conversations as they were last read. */
  readonly readAt: Map<string, LastRead>
  /** When conversations had last been read before, by the database's clock. */
  readonly before: ReadonlyMap<string, Date>
  /** Conversations of which X does not say when they changed, the one that was read last at the end. */
  readonly turns: Set<string>
  /** Could not be read in the last round. */
  readonly failed: Set<string>
  /** X's `updated_at`, in Unix milliseconds, up to which every conversation was read, or is among the failed. */
  triedTo: number
}

interface LastRead {
  /** X's `updated_at`. */
  readonly updatedAt: string
  /** When X first said so, by performance.now(). */
  readonly seenAt: number
  /** Nothing that was said at that time can be missing. */
  readonly settled: boolean
}

/** X's `updated_at` may be no finer than this. */
const GRAIN_MS = 1_000

/** Tells of conversations that are to be read before all others, one at a time; each is told once. */
export type Hurried = () => string | undefined

/** People who are remembered from one round to the next. */
const MAX_PEOPLE = 10_000

/** How far X's clock and the database's may be apart. */
const CLOCKS_MS = 10 * 60_000

/** Begins where others, or we in another life, left off. */
export async function rememberRounds({ store, account }: ConversationServices): Promise<RoundMemory> {
  const cursors = await store.prisma.sourceCursor.findMany({
    where: { accountId: account.id, source: { startsWith: XCHAT_CURSORS } },
    select: { source: true, syncedAt: true },
  })
  const times = new Map(cursors.flatMap(({ source, syncedAt }) => (syncedAt ? [[source, syncedAt] as const] : [])))
  // A round that left something unread did not move this: whoever takes over looks as far back.
  const complete = times.get(XCHAT_CURSORS) ?? account.capturesFrom
  times.delete(XCHAT_CURSORS)
  const before = new Map([...times].map(([source, at]) => [source.slice(XCHAT_CURSORS.length), at]))
  return { readAt: new Map(), before, turns: new Set(), failed: new Set(), triedTo: complete.getTime() }
}

export interface RoundOptions {
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly hurried?: Hurried
  /** Done before each conversation. */
  readonly between?: () => Promise<void>
}

/**
 * Reads all conversations that have news. One that fails is left for the next round and holds up no other; throws what
 * failed first, when all others are read.
 */
export async function readRound(
  services: ConversationServices,
  memory: RoundMemory,
  { logger, signal, hurried = () => undefined, between = async () => {} }: RoundOptions,
): Promise<void> {
  const { account, keys, people } = services
  if (people.size > MAX_PEOPLE) people.clear()
  const anew = (await keys.refresh()) ? await withUnread(services) : []
  const { found, newest } = await changedSince(services, memory, anew)
  const listedAt = performance.now()
  const updatedAt = new Map(found.map((conversation) => [conversation.id, conversation.updatedAt]))
  const due = new Set(inTurn(found, memory, anew))
  const waiting = new Set(anew)
  const failures: unknown[] = []
  /** What was hurried, unless it waits anew: those keep the order of their oldest messages. */
  const next = (): string | undefined => {
    for (let id = hurried(); id !== undefined; id = hurried()) if (!waiting.has(id)) return id
    return due.values().next().value
  }
  for (let id = next(); id !== undefined && !signal.aborted; id = next()) {
    await between()
    due.delete(id)
    try {
      await readConversation(services, id, waiting.delete(id))
      memory.failed.delete(id)
      const read = updatedAt.get(id)
      if (read) memory.readAt.set(id, lastRead(memory.readAt.get(id), read, listedAt))
      else if (memory.turns.delete(id) || read === null) memory.turns.add(id)
    } catch (error) {
      if (isForAll(error)) {
        // It may have been hurried: not last in turn the next time.
        memory.failed.add(id)
        throw error
      }
      logger.warn({ err: error, accountId: account.id, conversationId: id }, 'an XChat conversation could not be read')
      memory.failed.delete(id)
      // What X neither has nor lists is gone: it would fail for ever.
      if (isGone(error) && !updatedAt.has(id)) continue
      memory.failed.add(id)
      failures.push(error)
    }
  }
  if (signal.aborted) return
  memory.triedTo = Math.max(memory.triedTo, newest)
  if (failures.length > 0) throw failures[0]
  keys.tried()
}

/**
 * What waits for a key comes first, the oldest messages first. Then what is overdue, then what has been waiting longest,
 * then what failed. Last, one after the other, come those of which X does not say whether they have changed: a round that
 * X cuts short goes on with the next of them.
 */
function inTurn(found: readonly ChatConversation[], memory: RoundMemory, anew: readonly string[]): string[] {
  const [dated, undated] = [true, false].map((isDated) =>
    found.flatMap(({ id, updatedAt }) => ((updatedAt !== null) === isDated ? [id] : [])),
  ) as [string[], string[]]
  const turns = new Map([...memory.turns].map((id, index) => [id, index]))
  const last = (id: string) => turns.get(id) ?? -1
  const before = (id: string) => memory.before.get(id)?.getTime() ?? 0
  const inTurns = undated.toSorted((a, b) => last(a) - last(b) || before(a) - before(b))
  return [...anew, ...dated.toReversed(), ...memory.failed, ...inTurns]
}

/** X's answers that say the same of every other conversation. */
function isForAll(error: unknown): boolean {
  const kind = error instanceof XError ? error.kind : undefined
  return kind === 'RATE_LIMITED' || kind === 'UNAUTHORIZED'
}

const isGone = (error: unknown): boolean => error instanceof XError && error.kind === 'NOT_FOUND'

/** Conversations with messages that are kept unread, the one of the oldest first. */
async function withUnread({ store, account }: ConversationServices): Promise<string[]> {
  const rows = await store.prisma.$queryRaw<{ id: string }[]>`
    SELECT conversation_id AS id FROM xchat_message
    WHERE account_id = ${account.id}::uuid AND unread_reason IS NOT NULL
    GROUP BY conversation_id ORDER BY min(id::numeric)`
  return rows.map(({ id }) => id)
}

/**
 * Pages are read up to one without news, past all that changed since everything was tried: they come the most recently
 * active first. Further where conversations are to be read `anew`, for a page shows who takes part: a requester has a
 * name. `newest` is X's time of the last change, 0 where X says none.
 */
async function changedSince(
  services: ConversationServices,
  memory: RoundMemory,
  anew: readonly string[],
): Promise<{ readonly found: readonly ChatConversation[]; readonly newest: number }> {
  const found: ChatConversation[] = []
  const unseen = new Set(anew)
  let newest = 0
  for await (const { conversations, people } of services.pages.conversations()) {
    for (const [id, person] of people) services.people.set(id, person)
    const due = conversations.filter((conversation) => isDue(conversation, services.account.capturesFrom, memory))
    found.push(...due)
    for (const { id } of conversations) unseen.delete(id)
    const changes = conversations.flatMap(({ updatedAt }) => (updatedAt === null ? [] : [Date.parse(updatedAt)]))
    newest = Math.max(newest, ...changes)
    const isOld = Math.max(...changes, 0) < memory.triedTo - CLOCKS_MS
    if (due.length === 0 && isOld && unseen.size === 0 && conversations.length > 0) break
  }
  return { found, newest }
}

/** What is read now of a conversation whose `updated_at` X has just said. */
function lastRead(known: LastRead | undefined, updatedAt: string, now: number): LastRead {
  if (known?.updatedAt !== updatedAt) return { updatedAt, seenAt: now, settled: false }
  return { ...known, settled: isPast(known, now) }
}

/** X's clock has gone past `updated_at` for certain: what is said from now on changes it. */
const isPast = ({ seenAt }: LastRead, now: number): boolean => now - seenAt >= GRAIN_MS

/**
 * Where X does not say when a conversation changed, it is read every time; where it does, twice: X's time may be no finer
 * than a second, and hide what came right after the first reading. So the second one comes when that second is over.
 */
function isDue({ id, updatedAt }: ChatConversation, capturesFrom: Date, { readAt, before }: RoundMemory): boolean {
  if (updatedAt === null) return true
  const known = readAt.get(id)
  if (known?.updatedAt === updatedAt) return !known.settled && isPast(known, performance.now())
  if (known !== undefined) return true
  const looked = before.get(id) ?? capturesFrom
  return new Date(updatedAt).getTime() > looked.getTime() - CLOCKS_MS
}
