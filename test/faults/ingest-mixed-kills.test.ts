import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { contents } from '../helpers/items.ts'
import { allowQuickRounds, connectBrand } from '../helpers/perch.ts'
import { type PerchProcess, spawnPerch } from '../helpers/processes.ts'
import { testRedisUrl } from '../helpers/redis.ts'
import { seeded, testStore } from '../helpers/stores.ts'
import { type WorkerPool, workerPool } from '../helpers/worker-pool.ts'

/*
 * Mentions, replies, answers in X's app, direct messages, likes and follow-ups, heard by two deployments: one whose
 * workers are killed again and again while they ingest, and one that is left in peace. Both end with the same.
 */

interface Deployment {
  readonly database: TestDatabase
  readonly store: Store
  start(): Promise<PerchProcess>
}

let simulator: Simulator
const deployments: Deployment[] = []
let pool: WorkerPool | undefined
let peaceful: PerchProcess | undefined
beforeEach(async () => {
  simulator = await createSimulator()
  await allowQuickRounds(simulator.url)
})
afterEach(async () => {
  await pool?.stop()
  await peaceful?.stop()
  pool = peaceful = undefined
  for (const { store, database } of deployments.splice(0)) {
    await store.close()
    await database.drop()
  }
  await simulator?.close()
})

/** Each an app of its own, as X gives an app two streams at most. */
async function deploy(name: string, activity: string): Promise<Deployment> {
  const database = await testDatabase()
  const app = {
    clientId: `app-${name}`,
    clientSecret: `secret-${name}`,
    bearerToken: `bearer-${name}`,
    consumerSecret: `consumer-${name}`,
  }
  simulator.registerApp(app)
  const id = await connectBrand(database.url, simulator, app.clientId)
  const store = await testStore(database.url)
  await store.prisma.account.update({ where: { id }, data: { captureDirectMessages: true, trackLikes: true } })
  const env = {
    X_ACTIVITY: activity,
    X_CLIENT_ID: app.clientId,
    X_CLIENT_SECRET: app.clientSecret,
    X_BEARER_TOKEN: app.bearerToken,
  }
  const common = { databaseUrl: database.url, simulatorUrl: simulator.url, env, redisUrl: testRedisUrl() }
  const tuning = { pollMs: 300, xchatMs: 300, leaseMs: 1_500 }
  const deployment = { database, store, start: () => spawnPerch({ ...common, role: 'worker', tuning }) }
  deployments.push(deployment)
  return deployment
}

const PEOPLE = 20
const customers = Array.from({ length: PEOPLE }, (_, n) => `customer_${n}`)

it.each(['stream', 'off'])(
  'workers killed under all that X can tell (X_ACTIVITY=%s) end with what one that was left in peace has',
  async (activity) => {
    const random = seeded(11)
    for (const username of customers) simulator.createUser({ username })
    const [killed, calm] = [await deploy('killed', activity), await deploy('calm', activity)]
    pool = await workerPool(2, killed.start)
    peaceful = await calm.start()
    const begun = ({ prisma }: Store) =>
      prisma.sourceCursor.count({
        where: { source: { in: ['likes', 'direct-messages', 'mentions'] }, syncedAt: { not: null } },
      })
    for (const { store } of deployments) await expect.poll(() => begun(store), { timeout: 30_000 }).toBe(3)
    if (activity === 'stream') await expect.poll(() => simulator.state.streams, { timeout: 30_000 }).toBe(2)

    let kills = 0
    /** Does something for each customer while workers are killed; resolves when both have so many comments. */
    const phase = async (total: number, act: (username: string, n: number) => void) => {
      const acting = (async () => {
        for (const [n, username] of customers.entries()) {
          act(username, n)
          await pause(150)
        }
      })()
      const comments = () => killed.store.prisma.comment.count()
      for (let kill = 0; kill < 3; kill++) {
        const before = await comments()
        // The last may find nothing left to do.
        await expect.poll(comments, { timeout: 60_000, interval: 20 }).toSatisfy((now) => now > before || now >= total)
        if ((await comments()) >= total) break
        const victim = await pool?.busiest()
        await pause(random() * 200)
        if (victim && (await pool?.kill(victim))) kills++
      }
      await acting
      for (const { store } of deployments) {
        await expect.poll(() => store.prisma.comment.count(), { timeout: 90_000, interval: 100 }).toBe(total)
      }
    }

    const posts: string[] = []
    const answers: string[] = []
    await phase(3 * PEOPLE, (from, n) => {
      posts.push(simulator.createPost({ from, text: `@acme matter ${n}` }).id)
      simulator.sendDirectMessage({ from, to: 'acme', text: `a word in private ${n}` })
      const { id } = simulator.createPost({ from, text: `what a day ${n}` })
      simulator.like({ user: 'acme', postId: id })
    })
    await phase(6 * PEOPLE, (from, n) => {
      const inReplyTo = posts[n] ?? ''
      answers.push(simulator.createPost({ from: 'acme', text: `@${from} we look into it ${n}`, inReplyTo }).id)
      simulator.createPost({ from, text: `@acme and another thing ${n}`, inReplyTo })
      simulator.sendDirectMessage({ from, to: 'acme', text: `and more ${n}` })
      simulator.like({ user: 'acme', postId: inReplyTo })
    })
    for (const { store } of deployments) await store.prisma.ticket.updateMany({ data: { status: 'CLOSED' } })
    await phase(8 * PEOPLE, (from, n) => {
      simulator.createPost({ from, text: `@acme it is back ${n}`, inReplyTo: answers[n] ?? '' })
      simulator.sendDirectMessage({ from, to: 'acme', text: `hello again ${n}` })
    })
    expect(kills).toBeGreaterThanOrEqual(6)
    const marked = ({ prisma }: Store) => prisma.comment.count({ where: { favorited: true } })
    for (const { store } of deployments) {
      await expect.poll(() => marked(store), { timeout: 60_000 }).toBe(2 * PEOPLE)
      expect(await store.prisma.ticket.count({ where: { followUpOfId: { not: null } } })).toBe(2 * PEOPLE)
    }
    expect(await contents(killed.store)).toEqual(await contents(calm.store))
    expect(await killed.store.prisma.deadLetter.count()).toBe(0)
  },
  400_000,
)
