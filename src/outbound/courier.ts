import type { Logger } from 'pino'
import { untilRoom } from '../domain/pacing.ts'
import { hasLink } from '../domain/post-text.ts'
import { priceOfPost } from '../domain/price.ts'
import { isSummoned } from '../domain/sender.ts'
import type { Store } from '../store/store.ts'
import type { XClient } from '../x/client.ts'
import type { XCalls } from '../x-calls/x-calls.ts'
import { attempted, type Watch } from './attempted.ts'
import type { Courier, NotSent, Parcel } from './deliver.ts'
import { SEND_ENDPOINTS } from './endpoints.ts'
import { lookForMessage, lookForPost } from './look-for.ts'
import { createMailCourier, type MailCourierServices } from './mail-courier.ts'
import type { DueDelivery } from './rows.ts'
import { createXChatCourier, type XChatCourierServices } from './xchat-courier.ts'

export interface CourierServices extends XChatCourierServices, MailCourierServices {
  readonly store: Store
  readonly x: XClient
  readonly calls: Pick<XCalls, 'use' | 'left'>
  readonly logger: Logger
}

/** Sends by X's API, and reads back what it shows. */
export function createCourier(services: CourierServices): Courier & { close(): Promise<void> } {
  const { store, x, calls, logger } = services
  const xchat = createXChatCourier(services)
  const mail = createMailCourier(services)

  /** Why an account sends nothing at all; undefined: it may. Things may have changed since the answer was given. */
  async function shut(accountId: string): Promise<NotSent | undefined> {
    const account = await store.prisma.account.findUnique({ where: { id: accountId }, select: { status: true } })
    if (account?.status === 'ACTIVE') return undefined
    const error = account?.status === 'DEAUTHORIZED' ? 'ACCOUNT_DEAUTHORIZED' : 'ACCOUNT_INACTIVE'
    return { kind: 'REFUSED', error }
  }

  /** Why nothing is sent now by this way: X's window is used up, as X has told before. */
  async function closed(accountId: string, channel: keyof typeof SEND_ENDPOINTS): Promise<NotSent | undefined> {
    const endpoint = SEND_ENDPOINTS[channel]
    const notBeforeMs = endpoint === null ? 0 : untilRoom((await calls.left(accountId, endpoint)).windows)
    return notBeforeMs === 0 ? undefined : { kind: 'LATER', error: 'RATE_LIMITED', notBeforeMs }
  }

  async function post(accountId: string, { body, target, mentions }: DueDelivery): Promise<Parcel> {
    const [account, answered] = await Promise.all([
      store.prisma.account.findUnique({ where: { id: accountId }, select: { screenName: true, xUserId: true } }),
      store.prisma.comment.findFirst({
        where: { channel: 'X_POST', OR: [{ externalId: target }, { versionId: target }] },
        select: { quotedUserId: true },
      }),
    ])
    const screenName = account?.screenName.toLowerCase() ?? ''
    const quotedUserId = answered?.quotedUserId ?? null
    const summoned = account !== null && isSummoned({ ...account, screenName }, { mentions, quotedUserId })
    const kind = priceOfPost({ hasUrl: hasLink(body), summoned })
    const call = (accessToken: string) => x.send.post({ text: body, inReplyToPostId: target, accessToken })
    const send = async (watch: Watch) => (await calls.use(accountId, SEND_ENDPOINTS.X_POST, watch(call), kind)).value.id
    return { kind: 'READY', messageId: null, send: () => attempted('X_POST', logger, send) }
  }

  function message(accountId: string, { body, target }: DueDelivery): Parcel {
    const call = (accessToken: string) => x.send.directMessage({ participantId: target, text: body, accessToken })
    const send = async (watch: Watch) => (await calls.use(accountId, SEND_ENDPOINTS.X_DM, watch(call))).value.id
    return { kind: 'READY', messageId: null, send: () => attempted('X_DM', logger, send) }
  }

  return {
    async prepare(accountId, delivery) {
      if (accountId === null) return mail.prepare(delivery)
      const refused = (await shut(accountId)) ?? (await closed(accountId, delivery.channel))
      if (refused) return refused
      if (delivery.channel === 'X_POST') return post(accountId, delivery)
      if (delivery.channel === 'X_DM') return message(accountId, delivery)
      return xchat.prepare(accountId, delivery)
    },
    async lookFor(accountId, delivery) {
      // Nobody can be asked whether a mail has come.
      if (accountId === null) return null
      if (delivery.channel === 'X_POST') return lookForPost(services, accountId, delivery)
      if (delivery.channel === 'X_DM') return lookForMessage(services, accountId, delivery)
      return xchat.lookFor(accountId, delivery)
    },
    close: () => xchat.close(),
  }
}
