import { expect } from 'vitest'
import type { Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { encodeGlobalId } from '../../src/schema/global-id.ts'
import { brands, connect, mutate } from '../accounts/graphql.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { query, startPerch, tokenFor } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

export const WAYS = ['X_POST', 'X_DM', 'X_CHAT'] as const
export type Way = (typeof WAYS)[number]

/** What X is asked to send by. */
export const SENDING_PATHS: Readonly<Record<Way, string>> = {
  X_POST: '/2/tweets',
  X_DM: '/2/dm_conversations/with/:participant_id/messages',
  X_CHAT: '/2/chat/conversations/:id/messages',
}

/** How often X has a text of an account. */
export function howOftenOnX(simulator: Simulator, user: string, way: Way, text: string): number {
  if (way === 'X_POST') return simulator.received().filter((post) => post.text.endsWith(text)).length
  const messages = way === 'X_DM' ? simulator.directMessages({ user }) : simulator.chatMessages({ user })
  return messages.filter((message) => message.text === text).length
}

/** How an answer stands, as an agent sees it. */
export interface AnswerSeen {
  readonly id: string
  readonly body: string
  readonly channel: string
  readonly externalId: string | null
  readonly delivery: {
    readonly state: string
    readonly error: string | null
    readonly message: string | null
    readonly detail: string | null
    readonly attempts: number
    readonly retryable: boolean
  } | null
}

const ANSWER = 'id body channel externalId delivery { state error message detail attempts retryable }'

/** Its id at X, and its handle. */
export interface Brand {
  readonly id: string
  readonly handle: string
}

/** Brands with open XChat keys, their customers, and Perch between them. */
export interface AnsweringWorld {
  readonly app: App
  readonly x: ValidatedSimulator
  readonly database: TestDatabase
  /** The first of the brands. */
  readonly brand: Brand
  readonly brands: readonly Brand[]
  /** Asks another process from now on. */
  askAt(url: string): void
  /** A ticket of something that a customer says to a brand, by whichever way. Gives its global id. */
  ticket(channel: Way, text: string, to?: Brand): Promise<string>
  reply(ticketId: string, body: string, more?: object): Promise<AnswerSeen>
  retry(commentId: string, evenIfSent?: boolean): Promise<AnswerSeen>
  answers(ticketId: string): Promise<readonly AnswerSeen[]>
  /** Waits until the answer stands so. */
  settled(ticketId: string, commentId: string, state: string, timeout?: number): Promise<AnswerSeen>
  close(): Promise<void>
}

/** With `chatting`, only so many of the brands, the last ones, have XChat: each costs a process a thread. */
export async function answeringWorld(count = 1, chatting = count): Promise<AnsweringWorld> {
  const database = await testDatabase()
  const x = await validatedSimulator({ pinHashingMode: 'FastInsecure' })
  const { simulator } = x
  const app = await startPerch({ databaseUrl: database.url, simulatorUrl: simulator.url })
  const owners = brands(simulator, count)
  for (const [index, owner] of owners.entries()) {
    const accountId = (await connect(app, owner)).account?.id ?? ''
    await mutate(app, 'updateAccount', { accountId, captureDirectMessages: true })
    if (index < count - chatting) continue
    await simulator.setUpXChat({ user: owner, pin: '4821' })
    await mutate(app, 'confirmXChatPin', { accountId, pin: '4821' }, 'admin', 'outcome')
  }
  const handles = new Map(simulator.users().map(({ id, username }) => [id, username]))
  const all = owners.map((id) => ({ id, handle: handles.get(id) ?? '' }))
  const [brand] = all
  if (!brand) throw new Error('a world has a brand')
  let url = app.url
  const token = await tokenFor(app)
  const ask = <Data>(text: string, variables: object) => query<Data>(url, token, text, variables)
  let customers = 0

  const answers = async (ticketId: string) => {
    const { ticket } = await ask<{ ticket: { comments: { nodes: (AnswerSeen & { direction: string })[] } } }>(
      `query($id: ID!) { ticket(id: $id) { comments(first: 50) { nodes { direction ${ANSWER} } } } }`,
      { id: ticketId },
    )
    return ticket.comments.nodes
      .filter(({ direction }) => direction === 'OUTBOUND')
      .map(({ direction: _, ...answer }) => answer)
  }

  return {
    app,
    x,
    database,
    brand,
    brands: all,
    askAt(other) {
      url = other
    },
    async ticket(channel, text, to = brand) {
      const from = `customer_${++customers}`
      simulator.createUser({ username: from })
      if (channel === 'X_POST') simulator.createPost({ from, text: `@${to.handle} ${text}` })
      else if (channel === 'X_DM') simulator.sendDirectMessage({ from, to: to.id, text })
      else await simulator.sendChatMessage({ from, to: to.id, text })
      const find = () => app.store.prisma.ticket.findFirst({ where: { subject: { endsWith: text } } })
      await expect.poll(find, { timeout: 20_000, interval: 50 }).not.toBeNull()
      return encodeGlobalId('Ticket', (await find())?.id ?? '')
    },
    async reply(ticketId, body, more = {}) {
      const { replyToTicket } = await ask<{ replyToTicket: { comment: AnswerSeen; userErrors: object[] } }>(
        `mutation($input: ReplyToTicketInput!) { replyToTicket(input: $input) {
           comment { ${ANSWER} } userErrors { code message } } }`,
        { input: { ticketId, body, ...more } },
      )
      expect(replyToTicket.userErrors).toEqual([])
      return replyToTicket.comment
    },
    async retry(commentId, evenIfSent = false) {
      const { retryReply } = await ask<{ retryReply: { comment: AnswerSeen; userErrors: object[] } }>(
        `mutation($input: RetryReplyInput!) { retryReply(input: $input) {
           comment { ${ANSWER} } userErrors { code message } } }`,
        { input: { commentId, evenIfSent } },
      )
      expect(retryReply.userErrors).toEqual([])
      return retryReply.comment
    },
    answers,
    async settled(ticketId, commentId, state, timeout = 20_000) {
      const look = async () => (await answers(ticketId)).find(({ id }) => id === commentId)
      await expect.poll(async () => (await look())?.delivery?.state, { timeout, interval: 50 }).toBe(state)
      const answer = await look()
      if (!answer) throw new Error('the answer is gone')
      return answer
    },
    async close() {
      await app.close()
      await simulator.close()
      await database.drop()
    },
  }
}
