import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, query, startPerch, tokenFor, watchTickets } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/** The main job: customers write on X, agents see tickets. Every exchange with X is checked against X's own document. */
describe('the main job', () => {
  let validated: ValidatedSimulator
  let simulator: Simulator
  let database: TestDatabase
  let app: App
  let token: string

  beforeAll(async () => {
    ;[validated, database] = await Promise.all([validatedSimulator(), testDatabase()])
    simulator = validated.simulator
    await connectBrand(database.url, simulator)
    app = await startPerch({ databaseUrl: database.url, simulatorUrl: simulator.url })
    token = await tokenFor(app)
    await streaming(simulator)
  })

  afterAll(async () => {
    await app?.close()
    await simulator?.close()
    await database?.drop()
  })

  const tickets = () =>
    query<{ tickets: { edges: { node: TicketNode }[] } }>(
      app.url,
      token,
      `{ tickets(first: 50, orderBy: { field: NUMBER, direction: ASC }) { edges { node {
         number subject status channel requester { xProfile { username followersCount } } account { screenName }
         comments(first: 20) { edges { node { body direction visibility } } } } } } }`,
    ).then(({ tickets }) => tickets.edges.map(({ node }) => node))

  it('shows a customer’s mention as a ticket on a subscription', async () => {
    const { tickets: page } = await query<{ tickets: { position: string } }>(
      app.url,
      token,
      '{ tickets(first: 1) { position } }',
    )
    const watch = watchTickets(app.url, token, page.position)
    simulator.createUser({ username: 'mira_test', name: 'Mira', followers: 1234 })
    simulator.createPost({ from: 'mira_test', text: '@acme my parcel 📦 is late & I <3 parcels' })
    await watch.count(1)
    await watch.close()
    expect(watch.seen[0]?.subject).toBe('my parcel 📦 is late & I <3 parcels')
    const [ticket] = await tickets()
    expect(ticket).toMatchObject({
      status: 'NEW',
      channel: 'X_CORP',
      requester: { xProfile: { username: 'mira_test', followersCount: 1234 } },
      account: { screenName: 'acme' },
    })
  })

  it('takes the customer’s next post in the conversation as a comment, also deep in the thread', async () => {
    const say = async (from: string, text: string, inReplyTo?: string) => {
      await new Promise((resolve) => setTimeout(resolve, 5)) // nobody posts twice in a millisecond
      return simulator.createPost({ from, text, ...(inReplyTo && { inReplyTo }) }).id
    }
    const root = await say('mira_test', '@acme second question')
    const reply = await say('acme', '@mira_test tell us more', root)
    const deeper = await say('mira_test', 'it is about order 7', reply)
    await say('mira_test', 'and about order 8', deeper)
    await expect
      .poll(async () => (await tickets()).find(({ subject }) => subject === 'second question')?.comments.edges.length, {
        timeout: 10_000,
      })
      .toBe(4)
    const ticket = (await tickets()).find(({ subject }) => subject === 'second question')
    expect(ticket?.comments.edges.map(({ node }) => [node.direction, node.body])).toEqual([
      ['INBOUND', '@acme second question'],
      ['OUTBOUND', '@mira_test tell us more'],
      ['INBOUND', expect.stringContaining('it is about order 7')],
      ['INBOUND', expect.stringContaining('and about order 8')],
    ])
  })

  it('opens no ticket for the brand’s own posts', async () => {
    const before = (await tickets()).length
    simulator.createPost({ from: 'acme', text: 'We at @acme wish you a good morning' })
    simulator.createPost({ from: 'mira_test', text: '@acme a post to wait for' })
    await expect.poll(async () => (await tickets()).length).toBe(before + 1)
  })

  it('catches by polling what happened while it was down, once', async () => {
    await app.close()
    for (let n = 1; n <= 130; n++) simulator.createPost({ from: 'mira_test', text: `@acme while you were away ${n}` })
    app = await startPerch({ databaseUrl: database.url, simulatorUrl: simulator.url })
    await expect
      .poll(() => app.store.prisma.ticket.count({ where: { subject: { startsWith: 'while you were away' } } }), {
        timeout: 15_000,
      })
      .toBe(130)
    const comments = await app.store.prisma.comment.groupBy({
      by: ['externalId'],
      having: { externalId: { _count: { gt: 1 } } },
    })
    expect(comments).toEqual([])
  })

  it('keeps to X’s own document in every exchange', () => {
    validated.assertNoViolations()
  })
})

interface TicketNode {
  number: number
  subject: string
  status: string
  comments: { edges: { node: { body: string; direction: string; visibility: string } }[] }
}

/** Resolves when the Activity stream is connected, so that a test of the stream tests the stream. */
async function streaming(simulator: { readonly state: { streams: unknown } }): Promise<void> {
  await vi.waitFor(() => expect(simulator.state.streams).not.toBe(0), { timeout: 10_000 })
}
