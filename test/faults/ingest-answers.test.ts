import { describe, expect, it, vi } from 'vitest'
import { SIMULATED_BRAND } from '../../src/simulated-x.ts'
import { testDatabase } from '../helpers/database.ts'
import { connectBrand, startPerch } from '../helpers/perch.ts'
import { validatedSimulator } from '../helpers/simulator.ts'

const MENTIONS = `/2/users/${SIMULATED_BRAND.id}/mentions`

/** An X and a Perch of one's own, connected and streaming. Every exchange is checked against X's document in the end. */
async function withPerch(test: (world: Awaited<ReturnType<typeof startWorld>>) => Promise<void>): Promise<void> {
  const world = await startWorld()
  try {
    await test(world)
  } finally {
    await world.close()
  }
  world.validated.assertNoViolations()
}

async function startWorld() {
  const [validated, database] = await Promise.all([validatedSimulator(), testDatabase()])
  const { simulator, exchanges } = validated
  simulator.createUser({ username: 'mira_test' })
  const accountId = await connectBrand(database.url, simulator)
  const app = await startPerch({ databaseUrl: database.url, simulatorUrl: simulator.url })
  const { prisma } = app.store
  const streaming = () => vi.waitFor(() => expect(simulator.state.streams).toBe(1), { timeout: 10_000 })
  await streaming()
  const subjects = async () =>
    (await prisma.ticket.findMany({ orderBy: { sourcePostId: 'asc' } })).map(({ subject }) => subject)
  return {
    validated,
    simulator,
    prisma,
    accountId,
    streaming,
    say(from: number, count: number) {
      for (let n = from; n < from + count; n++) simulator.createPost({ from: 'mira_test', text: `@acme number ${n}` })
    },
    /** Resolves when each of the posts 1 to `count` is one ticket with one comment, and two rounds of polling add nothing. */
    async exactly(count: number) {
      const wanted = Array.from({ length: count }, (_, n) => `number ${n + 1}`)
      await vi.waitFor(async () => expect(await subjects()).toEqual(wanted), { timeout: 15_000, interval: 100 })
      const { length } = exchanges
      const polls = () =>
        exchanges.slice(length).filter(({ path, status }) => path === MENTIONS && status === 200).length
      await vi.waitFor(() => expect(polls()).toBeGreaterThanOrEqual(2), { timeout: 10_000 })
      expect(await subjects()).toEqual(wanted)
      expect(await prisma.comment.count()).toBe(count)
    },
    async close() {
      await app.close()
      await simulator.close()
      await database.drop()
    },
  }
}

describe.concurrent('posts are tickets, each once, when', { timeout: 40_000 }, () => {
  it('the stream drops, also in the middle of a line', () =>
    withPerch(async ({ simulator, say, streaming, exactly }) => {
      say(1, 5)
      simulator.dropStreams()
      say(6, 5)
      await streaming()
      say(11, 5)
      simulator.dropStreams({ midLine: true })
      say(16, 5)
      await exactly(20)
      await streaming()
    }))

  it('the stream is open but silent', () =>
    withPerch(async ({ simulator, say, exactly }) => {
      simulator.setStreamMode({ silent: true })
      say(1, 10)
      await exactly(10)
    }))

  it('the stream tells everything twice and in disorder', () =>
    withPerch(async ({ simulator, say, exactly }) => {
      simulator.setStreamMode({ duplicates: 1, disorderMs: 300 })
      say(1, 40)
      await exactly(40)
    }))

  it.each([
    ['500', { kind: 'status', status: 500 }],
    ['429', { kind: 'status', status: 429, resetSeconds: 1 }],
    ['an HTML page', { kind: 'html', status: 503 }],
    ['half an answer', { kind: 'truncate' }],
    ['nothing, hanging up', { kind: 'disconnect' }],
  ] as const)('X answers %s for a while', (_name, fault) =>
    withPerch(async ({ simulator, validated, say, exactly }) => {
      simulator.setStreamMode({ silent: true })
      simulator.addFault({ ...fault, match: { path: MENTIONS }, times: 3 })
      say(1, 10)
      await exactly(10)
      expect(validated.exchanges.filter((exchange) => exchange.fault === fault.kind)).toHaveLength(3)
    }),
  )

  it('X refuses the access token: it is refreshed once', () =>
    withPerch(async ({ simulator, validated, prisma, accountId, say, exactly }) => {
      simulator.setStreamMode({ silent: true })
      const credential = () => prisma.accountCredential.findUniqueOrThrow({ where: { accountId } })
      const refreshes = () => validated.exchanges.filter(({ path }) => path === '/2/oauth2/token').length
      const [before, refreshed] = [await credential(), refreshes()]
      simulator.addFault({ match: { path: MENTIONS }, kind: 'status', status: 401, times: 1 })
      say(1, 10)
      await exactly(10)
      expect(refreshes()).toBe(refreshed + 1)
      expect((await credential()).accessToken).not.toBe(before.accessToken)
      expect(await prisma.account.findUniqueOrThrow({ where: { id: accountId } })).toMatchObject({ status: 'ACTIVE' })
    }))
})
