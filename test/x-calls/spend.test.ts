import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SIMULATED_BRAND } from '../../src/simulated-x.ts'
import type { Store } from '../../src/store/store.ts'
import { createXCalls } from '../../src/x-calls/create-x-calls.ts'
import { createMeter } from '../../src/x-calls/meter.ts'
import { silent } from '../helpers/stores.ts'
import { type CallingWorld, callingWorld, MENTIONS } from './world.ts'

let world: CallingWorld
beforeAll(async () => {
  world = await callingWorld()
})
beforeEach(() => world.reset())
afterAll(() => world?.close())

const delivered = (type: string, id?: string) => ({ type, id, accountXUserId: SIMULATED_BRAND.id })
const mention = (text: string) =>
  world.simulator.createPost({ from: world.simulator.users()[1]?.id ?? '', text: `@acme ${text}` }).id

describe('what X charges', () => {
  it('is written down to the micro-dollar, a thing once a day, whichever process reads it', async () => {
    for (const n of Array.from({ length: 5 }).keys()) mention(`post ${n}`)
    const [one, two] = world.processes
    await world.mentions(one)
    const sinceId = mention('a sixth')
    await Promise.all([world.mentions(one), world.mentions(two), world.mentions(two, { sinceId })])
    expect(await world.spent()).toEqual({ POST_READ: [4, 6, 0.03] })
  })

  it('is charged to whoever asks: users, posts and the app’s own calls', async () => {
    mention('one post')
    const [{ calls, meter }] = world.processes
    await world.mentions(world.processes[1])
    await calls.use(world.accountId, 'GET /2/users/me', (token) => world.x.me(token))
    await calls.make(null, 'GET /2/activity/subscriptions', () => world.x.activity.subscriptions())
    meter.answered(null, 'GET /2/users/me', { body: { data: { id: '5' } } })
    expect(await world.spent()).toEqual({ POST_READ: [1, 1, 0.005], USER_READ: [1, 1, 0.01] })
    expect(await world.spent('app')).toEqual({ UNPRICED: [1, 1, 0], USER_READ: [1, 1, 0.01] })
  })

  it('is nothing for what X refuses', async () => {
    world.simulator.addFault({
      match: { path: `/2/users/${SIMULATED_BRAND.id}/mentions` },
      kind: 'status',
      status: 500,
    })
    await expect(world.mentions(world.processes[0])).rejects.toMatchObject({ kind: 'UNAVAILABLE' })
    expect(await world.spent()).toEqual({})
  })

  it('for events is counted when they are delivered, once, to the account whose they are', async () => {
    const [{ meter }, other] = world.processes
    for (const n of Array.from({ length: 3_000 }).keys()) {
      meter.event(delivered(n % 2 ? 'post.mention.create' : 'post.create', `event ${n}`))
    }
    for (const type of ['dm.received', 'dm.sent']) other.meter.event(delivered(type, type))
    // X tells again what it thinks was missed, perhaps to another process.
    for (const n of [1, 2, 3]) other.meter.event(delivered('post.mention.create', `event ${n}`))
    for (const id of ['a', 'b']) other.meter.event({ type: 'like.create', id, accountXUserId: 'nobody we know' })
    for (const _ of [1, 2]) other.meter.event({ type: 'oauth.revoke', id: undefined, accountXUserId: undefined })
    expect(await world.spent()).toEqual({
      DM_EVENT: [0, 1, 0.01],
      POST_EVENT: [0, 1_500, 7.5],
      REPLY_EVENT: [0, 1_500, 7.5],
      UNBILLED_EVENT: [0, 1, 0],
    })
    expect(await world.spent('app')).toEqual({ LIKE_EVENT: [0, 2, 0.002], UNPRICED_EVENT: [0, 2, 0] })
  })

  it('that the database does not take at once is written later, once', async () => {
    const [{ meter, store }] = world.processes
    await store.prisma.$executeRaw`ALTER TABLE x_spend RENAME TO gone`
    for (const id of ['1', '2']) meter.event(delivered('dm.received', id))
    meter.answered(world.accountId, MENTIONS, { body: { data: [{ id: '1' }, { id: '2' }] } })
    await meter.flush()
    await store.prisma.$executeRaw`ALTER TABLE gone RENAME TO x_spend`
    meter.event(delivered('dm.received', '3'))
    expect(await world.spent()).toEqual({ DM_EVENT: [0, 3, 0.03], POST_READ: [1, 2, 0.01] })
  })

  it('is less for the owner of the developer app, and for nobody else', async () => {
    const owned = await callingWorld({ ownerXUserId: SIMULATED_BRAND.id })
    try {
      const [{ meter }] = owned.processes
      meter.answered(owned.accountId, MENTIONS, { body: { data: [{ id: '1' }, { id: '2' }] } })
      meter.answered('another account', MENTIONS, { body: { data: [{ id: '3' }] } })
      meter.answered(owned.accountId, 'GET /2/tweets/search/recent', { body: { data: [{ id: '2' }, { id: '4' }] } })
      expect(await owned.spent()).toEqual({ OWNED_READ: [1, 2, 0.002], POST_READ: [1, 1, 0.005] })
      expect(await owned.spent('another account')).toEqual({ POST_READ: [1, 1, 0.005] })
    } finally {
      await owned.close()
    }
  })

  it('is nothing for answers that hold nothing that X would charge', async () => {
    const [{ meter }] = world.processes
    for (const body of [undefined, null, 'html', [], { meta: {} }, { data: [] }, { errors: [{}] }]) {
      meter.answered(world.accountId, MENTIONS, { body })
    }
    meter.answered(world.accountId, MENTIONS, { body: { data: [{ text: 'without an id' }, { id: '7' }] } })
    expect(await world.spent()).toEqual({ POST_READ: [8, 2, 0.01] })
  })
})

describe('what X charges for a call', () => {
  const rows = async () =>
    (await world.processes[1].store.prisma.xSpend.findMany({ orderBy: { kind: 'asc' } })).map(
      ({ caller, kind, calls, units }) => [caller === world.accountId, kind, Number(calls), Number(units)],
    )
  let answers = 0
  const answerTo = (postId: string) =>
    world.processes[0].calls.use(
      world.accountId,
      'POST /2/tweets',
      (accessToken) => world.x.send.post({ text: `on its way ${++answers}`, inReplyToPostId: postId, accessToken }),
      'POST_CREATE_SUMMONED',
    )

  it('is written before its answer is anybody’s: a process that is killed then owes nothing', async () => {
    const postId = mention('where is it?')
    await answerTo(postId)
    expect(await rows()).toEqual([[true, 'POST_CREATE_SUMMONED', 1, 1]])
    await answerTo(postId)
    await world.mentions(world.processes[0])
    // Nothing was flushed.
    expect(await rows()).toEqual([
      [true, 'POST_CREATE_SUMMONED', 2, 2],
      [true, 'POST_READ', 1, 1],
    ])
  })

  it('is charged when the answer breaks off, for X has done it', async () => {
    const postId = mention('where is it?')
    for (const kind of ['truncate', 'half-json'] as const) {
      world.simulator.addFault({ match: { method: 'POST', path: '/2/tweets' }, kind })
      await expect(answerTo(postId)).rejects.toMatchObject({ kind: 'UNAVAILABLE', taken: true })
    }
    world.simulator.addFault({ match: { method: 'POST', path: '/2/tweets' }, kind: 'html', status: 200 })
    await expect(answerTo(postId)).rejects.toMatchObject({ kind: 'UNAVAILABLE' })
    const path = `/2/users/${SIMULATED_BRAND.id}/mentions`
    world.simulator.addFault({ match: { path }, kind: 'truncate' })
    await expect(world.mentions(world.processes[0])).rejects.toMatchObject({ kind: 'UNAVAILABLE' })
    // What was in half a page is counted when it is read again.
    expect(await rows()).toEqual([
      [true, 'POST_CREATE_SUMMONED', 2, 2],
      [true, 'POST_READ', 1, 0],
    ])
    await world.mentions(world.processes[0])
    expect(await rows()).toContainEqual([true, 'POST_READ', 2, 1])
  })

  it('is counted once when the database has taken it, but could not say so', async () => {
    const { store, meter } = world.processes[0]
    const postId = mention('where is it?')
    await answerTo(postId)
    let prisma = store.prisma
    const deaf = createXCalls({
      store: {
        ...store,
        get prisma() {
          return prisma
        },
      },
      tokens: { use: (_id, call) => call(world.simulator.issueTokens({ userId: SIMULATED_BRAND.id }).access_token) },
      meter,
      logger: silent,
    })
    await deaf.use(
      world.accountId,
      'POST /2/tweets',
      (accessToken) => {
        prisma = deafened(store.prisma)
        return world.x.send.post({ text: 'and again', inReplyToPostId: postId, accessToken })
      },
      'POST_CREATE_SUMMONED',
    )
    await meter.flush()
    expect(await rows()).toEqual([[true, 'POST_CREATE_SUMMONED', 2, 2]])
  })
})

/** A database whose answer to every write is lost. */
function deafened(prisma: Store['prisma'], onWrite = () => {}): Store['prisma'] {
  return new Proxy(prisma, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== '$executeRaw' && name !== '$transaction') return value.bind(target)
      return async (...given: unknown[]) => {
        onWrite()
        await value.apply(target, given)
        throw new Error('the answer was lost')
      }
    },
  })
}

describe('a database that is away', () => {
  it('is not asked again for every event, and the operator is told once', async () => {
    const { store } = world.processes[0]
    const warnings: string[] = []
    const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) })
    let tries = 0
    const prisma = {
      $transaction: async () => {
        tries++
        throw new Error('away')
      },
    } as unknown as Store['prisma']
    const meter = createMeter({ store: { prisma }, logger, onSpent: async () => {} })
    for (let n = 0; n < 10_000; n++) meter.event(delivered('dm.received', `event ${n}`))
    await expect.poll(() => tries, { timeout: 5_000 }).toBeGreaterThanOrEqual(1)
    for (let n = 0; n < 10_000; n++) {
      meter.event(delivered('dm.received', `later ${n}`))
      if (n % 100 === 0) await meter.settle()
    }
    expect(tries).toBeLessThanOrEqual(2)
    expect(warnings).toHaveLength(1)
    await meter.close()
    expect(await store.prisma.xSpend.count()).toBe(0)
  })

  it('is not waited for when the program closes', async () => {
    const prisma = { $transaction: () => new Promise(() => {}) } as unknown as Store['prisma']
    const meter = createMeter({ store: { prisma }, logger: silent, onSpent: async () => {} })
    meter.event(delivered('dm.received', 'one'))
    const begun = performance.now()
    await meter.close()
    expect(performance.now() - begun).toBeLessThan(4_000)
  })

  it('has each event once when it is back, also where only its answer was lost', async () => {
    const { store } = world.processes[0]
    let writes = 0
    const lost = deafened(store.prisma, () => void writes++)
    const switching = { $transaction: (work: never) => (writes === 0 ? lost : store.prisma).$transaction(work) }
    const meter = createMeter({
      store: { prisma: switching as unknown as Store['prisma'] },
      logger: silent,
      onSpent: async () => {},
    })
    for (let n = 0; n < 6_000; n++) meter.event(delivered('dm.received', `event ${n}`))
    meter.event({ type: 'oauth.revoke', id: undefined, accountXUserId: undefined })
    meter.answered(world.accountId, 'POST /2/tweets', { body: {} })
    await meter.flush()
    await meter.flush()
    await meter.close()
    expect(await world.spent()).toEqual({ DM_EVENT: [0, 6_000, 60], POST_CREATE: [1, 1, 0.015] })
    expect(await world.spent('app')).toEqual({ UNPRICED_EVENT: [0, 1, 0] })
  })
})

describe('a monthly budget', () => {
  const budget = (dollars: number) =>
    world.processes[0].store.prisma.account.update({
      where: { id: world.accountId },
      data: { monthlyBudget: BigInt(dollars * 1e6) },
    })
  const spend = async (dollars: number) => {
    for (const _ of Array.from({ length: Math.round(dollars * 100) }))
      world.processes[0].meter.event(delivered('dm.received'))
    await world.processes[0].meter.flush()
  }
  const left = async () => (await world.processes[1].calls.left(world.accountId, MENTIONS)).budget
  const told = async () =>
    (await world.events()).flatMap((event) => (event.type === 'account.updated' ? [event.what] : []))

  it('is none unless it is set', async () => {
    await spend(100)
    expect(await left()).toBeNull()
    expect(await told()).toEqual([])
  })

  it('slows at four fifths, stops when it is spent, and says each once a month', async () => {
    await budget(10)
    await spend(7.99)
    expect(await left()).toMatchObject({ state: 'WITHIN', usedShare: 0.799 })
    expect(await told()).toEqual([])
    await spend(0.01)
    expect(await left()).toMatchObject({ state: 'SLOWED', usedShare: 0.8 })
    await spend(1)
    expect(await told()).toEqual(['BUDGET_SLOWED'])
    await spend(1)
    expect(await left()).toMatchObject({ state: 'EXHAUSTED', usedShare: 1 })
    await spend(5)
    expect(await told()).toEqual(['BUDGET_SLOWED', 'BUDGET_EXHAUSTED'])
    const month = new Date()
    const ends = Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1) - Date.now()
    expect(Math.abs(((await left())?.monthEndsInMs ?? 0) - ends)).toBeLessThan(5_000)
  })

  it('that is overrun at once says so at once, by one of all processes', async () => {
    await budget(1)
    for (const { meter } of world.processes)
      for (const _ of Array.from({ length: 500 })) meter.event(delivered('dm.received'))
    await Promise.all(world.processes.map(({ meter }) => meter.flush()))
    await Promise.all(Array.from({ length: 8 }, left))
    expect(await told()).toEqual(['BUDGET_EXHAUSTED'])
  })

  it('begins anew with the month', async () => {
    await budget(1)
    await spend(2)
    const { prisma } = world.processes[0].store
    await prisma.$executeRaw`UPDATE x_spend SET day = day - 31`
    await prisma.$executeRaw`UPDATE account SET budget_told_month = budget_told_month - interval '1 month'`
    expect(await left()).toMatchObject({ state: 'WITHIN', usedShare: 0 })
    await spend(2)
    expect(await told()).toEqual(['BUDGET_EXHAUSTED', 'BUDGET_EXHAUSTED'])
  })
})
