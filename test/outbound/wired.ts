import { randomUUID } from 'node:crypto'
import type { Attempted } from '../../src/domain/delivery.ts'
import { applyItems } from '../../src/ingest/apply.ts'
import { type Courier, deliver } from '../../src/outbound/deliver.ts'
import type { Store } from '../../src/store/store.ts'
import { message } from '../helpers/items.ts'
import { received } from '../helpers/posts.ts'
import { silent } from '../helpers/stores.ts'

/* Answers in the database, and a wire whose every answer the test says. */

/** A ticket of what somebody said, with an answer that waits. */
export async function waitingAnswer(
  store: Store,
  accountId: string,
  id: string,
  change: { readonly channel?: 'X_POST' | 'X_CHAT'; readonly body?: string; readonly authorId?: string } = {},
) {
  const { channel = 'X_POST', body = 'On its way', authorId = null } = change
  await applyItems(store, [channel === 'X_POST' ? received(id) : message(id, { channel, id: `900/${id}` })])
  const said = { channel, externalId: channel === 'X_POST' ? id : `900/${id}` }
  const { ticketId } = await store.prisma.comment.findFirstOrThrow({ where: said })
  const { id: commentId } = await store.prisma.comment.create({
    data: {
      ...{ id: randomUUID(), ticketId, authorId, channel, body, postedAt: new Date() },
      ...{ direction: 'OUTBOUND', visibility: 'PUBLIC' },
      delivery: { create: { ticketId, channel, accountId, target: channel === 'X_POST' ? id : '900' } },
    },
  })
  return { ticketId, commentId }
}

/** What X says, one after the other: to attempts, and to looks (an Error: it cannot be asked). */
export interface Script {
  readonly attempts?: readonly Attempted[]
  readonly looks?: readonly (string | null | Error)[]
}

/** What was asked of X, in order. */
export type Asked = { readonly send: string } | { readonly look: readonly string[] }

/** Delivers by a wire that answers so. Ids of messages are m1, m2 and so on. */
export function wired(store: Store, accountId: string, { attempts = [], looks = [] }: Script) {
  const asked: Asked[] = []
  const attempted = attempts[Symbol.iterator]()
  const looked = looks[Symbol.iterator]()
  let ids = 0
  const courier: Courier = {
    async prepare() {
      const messageId = `m${++ids}`
      return {
        kind: 'READY',
        messageId,
        async send() {
          asked.push({ send: messageId })
          const next = attempted.next()
          if (next.done) throw new Error('nothing more is to be sent')
          return next.value
        },
      }
    },
    async lookFor(_accountId, { messageIds }) {
      asked.push({ look: messageIds })
      const next = looked.next()
      if (next.done) throw new Error('nothing more is to be looked for')
      if (next.value instanceof Error) throw next.value
      return next.value
    },
  }
  return {
    asked,
    /** As many runs, without waiting for what is due later. */
    async deliver(runs = 1) {
      for (let run = 0; run < runs; run++) {
        await store.prisma.delivery.updateMany({ where: { finishedAt: null }, data: { dueAt: new Date(0) } })
        await deliver({ store, courier, logger: silent }, accountId)
      }
    },
  }
}
