import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SIMULATED_BRAND } from '../../src/simulated-x.ts'
import { type CallingWorld, callingWorld, MENTIONS } from './world.ts'

let world: CallingWorld
beforeAll(async () => {
  world = await callingWorld()
})
beforeEach(() => world.reset())
afterAll(() => world?.close())

const PATH = `/2/users/${SIMULATED_BRAND.id}/mentions`
const MINUTES_15 = 15 * 60_000
const refusals = () => world.answers.filter(({ status }) => status === 429)

describe('X’s limits', () => {
  it('are obeyed by two processes together, without one call that X refuses', async () => {
    world.simulator.setRateLimit({ endpoint: MENTIONS, user: 7 })
    const all = Array.from({ length: 24 }, (_, n) => world.mentions(world.processes[n % 2 === 0 ? 0 : 1]))
    expect((await world.outcomes(all)).ok).toBeGreaterThanOrEqual(1)
    // Those that were refused while others were under way come again.
    while ((await world.outcomes([world.mentions(world.processes[1])])).ok) {}
    expect(world.answers).toHaveLength(7)
    expect(refusals()).toEqual([])
  })

  it('that are known from the window before hold in the next from its first call on', async () => {
    world.simulator.setRateLimit({ endpoint: MENTIONS, user: 3 })
    await world.mentions(world.processes[0])
    await world.endWindows()
    world.simulator.setRateLimit({ endpoint: MENTIONS, user: 4 })
    const all = Array.from({ length: 12 }, (_, n) => world.mentions(world.processes[n % 2 === 0 ? 0 : 1]))
    expect(await world.outcomes(all)).toEqual({ ok: 3, RATE_LIMITED: 9 })
    expect(refusals()).toEqual([])
  })

  it('say when X takes calls again', async () => {
    world.simulator.setRateLimit({ endpoint: MENTIONS, user: 1 })
    await world.mentions(world.processes[0])
    const error = await world.mentions(world.processes[1]).catch((refusal: unknown) => refusal)
    expect(error).toMatchObject({ kind: 'RATE_LIMITED', status: undefined, retryAt: expect.any(Date) })
    const inMs = (error as { retryAt: Date }).retryAt.getTime() - Date.now()
    expect(inMs).toBeGreaterThan(MINUTES_15 - 10_000)
    expect(inMs).toBeLessThan(MINUTES_15 + 1_000)
  })

  it('of 24 hours hold as those of 15 minutes do', async () => {
    world.simulator.setRateLimit({ endpoint: MENTIONS, user: 100, userPerDay: 2 })
    await world.mentions(world.processes[0])
    await world.mentions(world.processes[1])
    const error = await world.mentions(world.processes[0]).catch((refusal: unknown) => refusal)
    expect((error as { retryAt: Date }).retryAt.getTime() - Date.now()).toBeGreaterThan(23 * 3_600_000)
    const { windows } = await world.processes[1].calls.left(world.accountId, MENTIONS)
    expect(windows).toMatchObject([
      { limit: 100, remaining: 98 },
      { limit: 2, remaining: 0 },
    ])
    expect(refusals()).toEqual([])
  })

  it('of the app’s 24 hours hold for all its accounts', async () => {
    world.simulator.setRateLimit({ endpoint: MENTIONS, user: 100, appPerDay: 2 })
    const other = world.simulator.createUser({ username: 'other' })
    const { access_token: token } = world.simulator.issueTokens({ userId: other.id })
    const [{ calls }] = world.processes
    const asOther = () =>
      calls.make('another account', MENTIONS, () => world.x.mentions(other.id, { accessToken: token }))
    await world.mentions(world.processes[0])
    await asOther()
    const ends = await world.outcomes([world.mentions(world.processes[1]), asOther()])
    expect(ends).toEqual({ RATE_LIMITED: 2 })
    expect(refusals()).toEqual([])
  })

  it('that X alone knew of stop all processes at the first 429, until the window ends', async () => {
    world.simulator.addFault({ match: { path: PATH }, kind: 'status', status: 429, resetSeconds: 1 })
    await expect(world.mentions(world.processes[0])).rejects.toMatchObject({ kind: 'RATE_LIMITED', status: 429 })
    const stopped = world.mentions(world.processes[1])
    await expect(stopped).rejects.toMatchObject({ kind: 'RATE_LIMITED', status: undefined })
    const { retryAt } = (await stopped.catch((error: unknown) => error)) as { retryAt: Date }
    expect(world.answers).toHaveLength(1)
    await expect.poll(() => Date.now(), { timeout: 3_000 }).toBeGreaterThan(retryAt.getTime())
    await world.mentions(world.processes[1])
    expect(world.answers.map(({ status }) => status)).toEqual([429, 200])
  })

  it('hold each endpoint, and each account, for itself', async () => {
    world.simulator.setRateLimit({ endpoint: MENTIONS, user: 1 })
    await world.mentions(world.processes[0])
    const [{ calls }] = world.processes
    const search = calls.use(world.accountId, 'GET /2/tweets/search/recent', (accessToken) =>
      world.x.searchRecent('conversation_id:1', { accessToken }),
    )
    expect(await world.outcomes([world.mentions(world.processes[1]), search])).toEqual({ RATE_LIMITED: 1, ok: 1 })
  })

  it('of the app are one for it and for its users where X counts them together', async () => {
    world.simulator.setRateLimit({ endpoint: 'POST /2/activity/subscriptions', app: 2 })
    const [{ calls }, other] = world.processes
    const subscribe = (eventType: 'post.mention.create' | 'post.reply.create') =>
      calls.use(world.accountId, 'POST /2/activity/subscriptions', (token) =>
        world.x.activity.subscribe({ eventType, userId: SIMULATED_BRAND.id }, { accessToken: token }),
      )
    await subscribe('post.mention.create')
    await subscribe('post.reply.create')
    const revocations = other.calls.make(null, 'POST /2/activity/subscriptions', () =>
      world.x.activity.subscribe({ eventType: 'oauth.revoke' }, {}),
    )
    await expect(revocations).rejects.toMatchObject({ kind: 'RATE_LIMITED' })
    expect(refusals()).toEqual([])
  })

  it('are learned from answers that broke off, and a call that X never saw uses up nothing', async () => {
    world.simulator.setRateLimit({ endpoint: MENTIONS, user: 2 })
    world.simulator.addFault({ match: { path: PATH }, kind: 'truncate' })
    await expect(world.mentions(world.processes[0])).rejects.toMatchObject({ kind: 'UNAVAILABLE' })
    expect((await world.processes[1].calls.left(world.accountId, MENTIONS)).windows).toMatchObject([{ remaining: 1 }])
    world.simulator.addFault({ match: { path: PATH }, kind: 'disconnect' })
    await expect(world.mentions(world.processes[0])).rejects.toMatchObject({ kind: 'UNAVAILABLE' })
    expect((await world.processes[1].calls.left(world.accountId, MENTIONS)).windows).toMatchObject([{ remaining: 1 }])
  })

  it('leave X’s answer to the caller when what it says of its limits cannot be written down', async () => {
    const { store, calls } = world.processes[0]
    const answer = calls.use(world.accountId, MENTIONS, async (accessToken) => {
      await store.prisma.$executeRaw`ALTER TABLE x_rate_limit RENAME TO gone`
      return world.x.mentions(SIMULATED_BRAND.id, { accessToken })
    })
    try {
      expect(await answer).toMatchObject({ body: expect.anything(), rateLimit: { limit: 300 } })
    } finally {
      await store.prisma.$executeRaw`ALTER TABLE gone RENAME TO x_rate_limit`
    }
  })
})

describe.each([
  ['ahead', 3_600_000],
  ['behind', -3_600_000],
])('X’s clock an hour %s', (_name, offsetMs) => {
  it('changes nothing: what counts is how long a window lasts', async () => {
    const skewed = await callingWorld({ clock: () => new Date(Date.now() + offsetMs) })
    try {
      skewed.simulator.setRateLimit({ endpoint: MENTIONS, user: 2 })
      await skewed.mentions(skewed.processes[0])
      await skewed.mentions(skewed.processes[1])
      const error = await skewed.mentions(skewed.processes[0]).catch((refusal: unknown) => refusal)
      const inMs = (error as { retryAt: Date }).retryAt.getTime() - Date.now()
      expect(Math.abs(inMs - MINUTES_15)).toBeLessThan(10_000)
      expect(skewed.answers.map(({ status }) => status)).toEqual([200, 200])
    } finally {
      await skewed.close()
    }
  })
})

it('windows that the database’s clock, set back an hour, makes endless end all the same', async () => {
  world.simulator.setRateLimit({ endpoint: MENTIONS, user: 1 })
  await world.mentions(world.processes[0])
  await world.processes[0].store.prisma.$executeRaw`UPDATE x_rate_limit SET resets_at = resets_at + interval '1 hour'`
  world.simulator.setRateLimit({ endpoint: MENTIONS, user: 5 })
  await world.mentions(world.processes[1])
  expect(refusals()).toEqual([])
})
