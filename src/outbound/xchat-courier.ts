import type { Logger } from 'pino'
import { xchatKeyPlace } from '../accounts/sealed-places.ts'
import { compareIds } from '../domain/x-id.ts'
import type { ChatPages } from '../ingest/xchat-pages.ts'
import type { Store } from '../store/store.ts'
import { UnsealError, type Vault } from '../store/vault.ts'
import type { XClient } from '../x/client.ts'
import { XError } from '../x/errors.ts'
import { type XChat, XChatError, type XChatVault } from '../x/xchat.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import { attempted, refusedBy, type Watch } from './attempted.ts'
import type { NotSent, Parcel } from './deliver.ts'
import { SEND_ENDPOINTS } from './endpoints.ts'
import type { DueDelivery } from './rows.ts'

export interface XChatCourierServices {
  readonly store: Store
  readonly x: XClient
  readonly xchat: Pick<XChat, 'open'>
  readonly vault: Vault
  readonly calls: Pick<XCalls, 'use'>
  readonly logger: Logger
  /** What X has of an account's XChat. */
  readonly pagesOf: (accountId: string) => Pick<ChatPages, 'events' | 'publicKeys'>
}

/** As Courier, of accounts alone. */
interface XChatCourier {
  prepare(accountId: string, delivery: DueDelivery): Promise<Parcel | NotSent>
  lookFor(accountId: string, delivery: DueDelivery): Promise<string | null>
  close(): Promise<void>
}

interface Opened {
  readonly sealed: string
  readonly xUserId: string
  readonly keys: XChatVault
}

/**
 * Encrypts and signs with the account's own keys. The id that is signed is committed before the message is sent: read
 * back, it is known by that, whatever else was said.
 */
export function createXChatCourier(services: XChatCourierServices): XChatCourier {
  const { store, x, xchat, vault, calls, logger, pagesOf } = services
  const opened = new Map<string, Opened>()

  async function forget(accountId: string): Promise<void> {
    const before = opened.get(accountId)
    opened.delete(accountId)
    await before?.keys.close()
  }

  /** The account's keys, opened once; undefined while there are none that open. */
  async function keysOf(accountId: string): Promise<Opened | undefined> {
    const row = await store.prisma.accountXChat.findUnique({
      where: { accountId },
      select: { secretKey: true, keyVersion: true, status: true, account: { select: { xUserId: true } } },
    })
    const before = opened.get(accountId)
    if (before && before.sealed === row?.secretKey && row.status === 'CONFIRMED') return before
    await forget(accountId)
    if (!row?.secretKey || !row.keyVersion || row.status !== 'CONFIRMED') return undefined
    const { xUserId } = row.account
    try {
      const secretKey = vault.open(row.secretKey, xchatKeyPlace(accountId))
      const keys = await xchat.open({ xUserId, secretKey, keyVersion: row.keyVersion })
      const now = { sealed: row.secretKey, xUserId, keys }
      opened.set(accountId, now)
      return now
    } catch (error) {
      const misfit = error instanceof XChatError && error.kind === 'KEYS_DO_NOT_FIT'
      if (!misfit && !(error instanceof UnsealError)) throw error
      logger.error({ err: error, accountId }, "an XChat key does not open; confirm the account's PIN again")
      return undefined
    }
  }

  /** The conversation as X shows it: what carries its keys, its newest events, and everybody's public keys. */
  async function conversationOf(accountId: string, own: string, partner: string) {
    const pages = pagesOf(accountId)
    const conversationId = [own, partner].toSorted(compareIds).join('-')
    for await (const { keyEvents, events } of pages.events(conversationId)) {
      const participants = [
        { xUserId: own, publicKeys: await pages.publicKeys(own) },
        { xUserId: partner, publicKeys: await pages.publicKeys(partner) },
      ]
      // The newest page: X sends the conversation's keys along with each.
      return { conversationId, keyEvents, events, participants }
    }
    throw new XError('UNAVAILABLE', 'X shows nothing of the conversation')
  }

  async function prepare(accountId: string, { body, target }: DueDelivery): Promise<Parcel | NotSent> {
    try {
      const keys = await keysOf(accountId)
      if (!keys) return { kind: 'REFUSED', error: 'XCHAT_LOCKED' }
      const { conversationId, keyEvents, participants } = await conversationOf(accountId, keys.xUserId, target)
      const message = await keys.keys.write({ conversationId, keyEvents, participants, text: body })
      if (!message) return { kind: 'REFUSED', error: 'NO_CONVERSATION' }
      const { messageId } = message
      const call = (accessToken: string) => x.send.chatMessage(conversationId, message, accessToken)
      const send = async (watch: Watch) => {
        await calls.use(accountId, SEND_ENDPOINTS.X_CHAT, watch(call))
        return `${keys.xUserId}/${messageId}`
      }
      return { kind: 'READY', messageId, send: () => attempted('X_CHAT', logger, send) }
    } catch (error) {
      if (error instanceof XError) return refusedBy('X_CHAT', error)
      if (!(error instanceof XChatError)) throw error
      // Its thread has ended: the next attempt opens another.
      logger.warn({ err: error, accountId }, 'an XChat message could not be encrypted')
      await forget(accountId)
      return { kind: 'LATER', error: 'UNAVAILABLE' }
    }
  }

  async function lookFor(accountId: string, { target, messageIds }: DueDelivery): Promise<string | null> {
    const keys = await keysOf(accountId)
    if (!keys) throw new XError('UNAVAILABLE', 'the account’s keys are not open')
    const { conversationId, keyEvents, events, participants } = await conversationOf(accountId, keys.xUserId, target)
    const read = await keys.keys.read({ conversationId, keyEvents, events, participants })
    const found = read.find(
      (event) => event.outcome === 'MESSAGE' && event.senderId === keys.xUserId && messageIds.includes(event.messageId),
    )
    return found?.outcome === 'MESSAGE' ? `${keys.xUserId}/${found.messageId}` : null
  }

  return {
    prepare,
    lookFor,
    async close() {
      await Promise.allSettled([...opened.values()].map(({ keys }) => keys.close()))
      opened.clear()
    },
  }
}
