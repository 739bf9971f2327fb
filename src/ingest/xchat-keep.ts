import type { XChatUnreadReason } from '../domain/xchat.ts'
import { xchatCursor } from '../domain/xchat-cursor.ts'
import type { ChangeScope, Store } from '../store/store.ts'
import { applyWithin, meetingOthers } from './apply.ts'
import { keepDeadLetters } from './dead-letters.ts'
import type { ReceivedMessage, Reject } from './item.ts'
import { saveCursors } from './rows-cursors.ts'
import type { ChatEvent } from './xchat-parse.ts'

/*
 * Encrypted messages in the database: ciphertext, and why it is not read. Nothing of what was read is kept.
 */

/** Null: it was read. 'NO_MESSAGE': it says nothing, and is not kept. */
export type ReadState = XChatUnreadReason | 'NO_MESSAGE' | null

/** What is new of one conversation. */
export interface ConversationNews {
  readonly accountId: string
  readonly conversationId: string
  /** The oldest first. */
  readonly arrived: readonly { readonly event: ChatEvent; readonly state: ReadState }[]
  /** What could be read, of those that arrived and of those that were kept: comments. */
  readonly said: readonly ReceivedMessage[]
  /** Messages that were kept unread, and are otherwise now. */
  readonly changed: readonly {
    readonly id: string
    readonly senderId: string
    readonly encodedEvent: string
    readonly state: ReadState
  }[]
  /** All up to this event is read; undefined while older ones are to come, null when there was nothing. */
  readonly readTo: string | null | undefined
}

const XCHAT = { kind: 'system', part: 'xchat' } as const

/**
 * Keeps it, unless the account has stopped capturing meanwhile. What is read is a comment in the same transaction: a
 * message is on a ticket exactly if its row says that it was read. What was not signed by whom X names is a dead letter,
 * too, and never a ticket.
 */
export async function keepNews(store: Store, news: ConversationNews): Promise<void> {
  await keepDeadLetters(store, 'xchat', forged(news))
  await meetingOthers(() => store.change(XCHAT, (scope) => keepWithin(scope, news)))
}

async function keepWithin(scope: ChangeScope, news: ConversationNews): Promise<void> {
  const { accountId, conversationId, arrived, changed, readTo, said } = news
  const { db, emit } = scope
  if (!(await isCapturing(scope, accountId))) return
  const rows = arrived.flatMap(({ event: { id, senderId, encodedEvent, sentAt }, state }) =>
    state === 'NO_MESSAGE'
      ? []
      : [{ accountId, id, conversationId, senderId, encodedEvent, sentAt, unreadReason: state }],
  )
  const { count } = await db.xChatMessage.createMany({ data: rows, skipDuplicates: true })
  const gone = changed.filter(({ state }) => state === 'NO_MESSAGE').map(({ id }) => id)
  await db.xChatMessage.deleteMany({ where: { accountId, id: { in: gone } } })
  for (const reason of new Set(changed.map(({ state }) => state))) {
    if (reason === 'NO_MESSAGE') continue
    const ids = changed.filter(({ state }) => state === reason).map(({ id }) => id)
    await db.xChatMessage.updateMany({ where: { accountId, id: { in: ids } }, data: { unreadReason: reason } })
  }
  if (readTo !== undefined) {
    await saveCursors(db, [{ accountId, source: xchatCursor(conversationId), sinceId: readTo }])
  }
  if (count > 0) await noteTraffic(scope, accountId)
  const unread = changed.length > 0 || (count > 0 && rows.some(({ unreadReason }) => unreadReason !== null))
  if (unread) emit({ type: 'account.updated', accountId, changed: ['xchat'], what: 'XCHAT' })
  if (said.length > 0) await applyWithin(scope, said)
}

/** Ciphertext only, with what is wrong. */
function forged({ accountId, conversationId, arrived, changed }: ConversationNews): Reject[] {
  const all = [...arrived.map(({ event, state }) => ({ ...event, state })), ...changed]
  return all.flatMap(({ id, senderId, encodedEvent, state }) =>
    state === 'NOT_VERIFIED' || state === 'DAMAGED'
      ? [{ payload: JSON.stringify({ accountId, conversationId, id, senderId, encodedEvent }), reason: REASONS[state] }]
      : [],
  )
}

const REASONS = {
  NOT_VERIFIED: 'the signature of an XChat message is not that of whom X names',
  DAMAGED: 'an XChat message cannot be read',
} as const

/** The account's key is not the one that X has now. Says so once, whoever finds out. */
export async function keepReplaced(store: Store, accountId: string, keyVersion: string): Promise<void> {
  await store.change(XCHAT, async ({ db, emit }) => {
    const { count } = await db.accountXChat.updateMany({
      where: { accountId, keyVersion, status: 'CONFIRMED' },
      data: { status: 'KEYS_REPLACED' },
    })
    if (count > 0) emit({ type: 'account.updated', accountId, changed: ['xchat'], what: 'XCHAT' })
  })
}

/** Locks the account's row, so that what stops it waits for what is being kept, or comes first. */
async function isCapturing({ db }: ChangeScope, accountId: string): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>`
    SELECT FROM account a
    WHERE id = ${accountId}::uuid AND status = 'ACTIVE' AND capture_direct_messages
      AND NOT EXISTS (SELECT FROM account_xchat WHERE account_id = a.id AND status = 'DISABLED')
    FOR NO KEY UPDATE`
  return rows.length > 0
}

/** F48, DESIGN §5: a message that arrives is traffic. Noted once a minute. */
async function noteTraffic({ db }: ChangeScope, accountId: string): Promise<void> {
  await db.$executeRaw`
    UPDATE account SET last_traffic_at = now(), inactivity_warned_days = 0
    WHERE id = ${accountId}::uuid AND (last_traffic_at < now() - interval '1 minute' OR inactivity_warned_days > 0)`
}
