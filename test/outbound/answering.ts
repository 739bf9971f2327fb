import { expect } from 'vitest'
import type { App } from '../../src/app.ts'
import { encodeGlobalId } from '../../src/schema/global-id.ts'
import { brands, connect, mutate } from '../accounts/graphql.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { query, startPerch, tokenFor } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

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

/** A brand with open XChat keys, its customers, and Perch between them. */
export interface AnsweringWorld {
  readonly app: App
  readonly x: ValidatedSimulator
  readonly database: TestDatabase
  /** The brand's id at X, and its handle. */
  readonly brand: { readonly id: string; readonly handle: string }
  readonly accountId: string
  /** A ticket of something that a customer says, by whichever way. Gives its global id. */
  ticket(channel: 'X_POST' | 'X_DM' | 'X_CHAT', text: string): Promise<string>
  reply(ticketId: string, body: string, more?: object): Promise<AnswerSeen>
  retry(commentId: string, evenIfSent?: boolean): Promise<AnswerSeen>
  answers(ticketId: string): Promise<readonly AnswerSeen[]>
  /** Waits until the answer stands so. */
  settled(ticketId: string, commentId: string, state: string, timeout?: number): Promise<AnswerSeen>
  close(): Promise<void>
}

export async function answeringWorld(): Promise<AnsweringWorld> {
  const database = await testDatabase()
  const x = await validatedSimulator({ pinHashingMode: 'FastInsecure' })
  const { simulator } = x
  const app = await startPerch({ databaseUrl: database.url, simulatorUrl: simulator.url })
  const [brandId = ''] = brands(simulator, 1)
  const accountId = (await connect(app, brandId)).account?.id ?? ''
  await simulator.setUpXChat({ user: brandId, pin: '4821' })
  await mutate(app, 'updateAccount', { accountId, captureDirectMessages: true })
  await mutate(app, 'confirmXChatPin', { accountId, pin: '4821' }, 'admin', 'outcome')
  const account = await app.store.prisma.account.findFirstOrThrow()
  const brand = { id: account.xUserId, handle: account.screenName }
  const token = await tokenFor(app)
  const ask = <Data>(text: string, variables: object) => query<Data>(app.url, token, text, variables)
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
    accountId,
    async ticket(channel, text) {
      const from = `customer_${++customers}`
      simulator.createUser({ username: from })
      if (channel === 'X_POST') simulator.createPost({ from, text: `@${brand.handle} ${text}` })
      else if (channel === 'X_DM') simulator.sendDirectMessage({ from, to: brand.id, text })
      else await simulator.sendChatMessage({ from, to: brand.id, text })
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
