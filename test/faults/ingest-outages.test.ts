import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSimulator } from '../../simulator/index.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts'
import { migrate } from '../../src/store/migrate.ts'
import { captured, expectExactly, type IngestWorld, ingestWorld, resumption } from '../helpers/ingest-world.ts'
import { connectBrand, query, watchTickets } from '../helpers/perch.ts'
import { agentToken, spawnPerch } from '../helpers/processes.ts'
import { findRedisServer, freePort, spawnRedis } from '../helpers/redis-server.ts'
import { testStore } from '../helpers/stores.ts'
import { startProxy } from '../helpers/tcp-proxy.ts'

let world: IngestWorld
beforeEach(async () => {
  world = await ingestWorld()
  world.simulator.createUser({ username: 'lena' })
})
afterEach(() => world?.close())

it('Redis that is killed for ten seconds delays events, and loses none', async () => {
  const { simulator, store, common } = world
  const folder = mkdtempSync(join(tmpdir(), 'perch-redis-'))
  const [port, program] = [await freePort(), findRedisServer() ?? 'redis-server']
  let redis = await spawnRedis(program, folder, port)
  const redisUrl = `redis://127.0.0.1:${port}`
  const [api, worker] = await Promise.all([
    spawnPerch({ ...common, redisUrl, role: 'api' }),
    spawnPerch({ ...common, redisUrl, role: 'worker' }),
  ])
  try {
    const token = await agentToken()
    const { tickets } = await query<{ tickets: { position: string } }>(
      api.url,
      token,
      '{ tickets(first: 1) { position } }',
    )
    const seen = watchTickets(api.url, token, tickets.position)
    const posting = simulator.burst({ count: 800, perSecond: 50, text: '@acme steady {n}' })
    await seen.count(50)
    await redis.stop('SIGKILL')
    await pause(10_000)
    redis = await spawnRedis(program, folder, port)
    const back = performance.now()
    const { id, seconds } = await resumption(world)
    expect(seconds).toBeLessThan(10)
    // Not only a ticket: whoever subscribes is told of it, by the bell or by a look at the log.
    await expect.poll(() => seen.seen.some(({ subject }) => subject === 'still there?'), { timeout: 20_000 }).toBe(true)
    expect(performance.now() - back).toBeLessThan(10_000)
    const { ids } = await posting
    await seen.count(801, 60_000)
    // Room for what would come twice.
    await pause(2_000)
    await seen.close()
    expect(seen.seen.map(({ number }) => number)).toEqual(Array.from({ length: 801 }, (_, n) => n + 1))
    await expectExactly(store, [...ids, id])
  } finally {
    await Promise.all([api.stop(), worker.stop()])
    await redis.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}, 120_000)

it('PostgreSQL that is torn down ten times while posts arrive keeps each of them once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'perch-torn-'))
  let postgres: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir: folder })
  const wire = await startProxy('127.0.0.1', () => Number(new URL(postgres.url).port))
  const databaseUrl = Object.assign(new URL(postgres.url), { port: String(wire.port) }).href
  await migrate(databaseUrl)
  const simulator = await createSimulator()
  simulator.createUser({ username: 'lena' })
  await connectBrand(databaseUrl, simulator)
  const perch = await spawnPerch({ databaseUrl, simulatorUrl: simulator.url })
  const store = await testStore(databaseUrl)
  try {
    const ids: string[] = []
    const comments = () => store.prisma.comment.count().catch(() => undefined)
    for (let torn = 0; torn < 10; torn++) {
      const before = simulator.burst({ count: 75, perSecond: 50 })
      await captured(store, ids.length + 1)
      await pause(300)
      const died = performance.now()
      // Immediate mode: no session is ended in an orderly way, and the next start recovers from the log.
      process.kill(postgres.pid, 'SIGQUIT')
      await postgres.exited
      await postgres.stop()
      postgres = await startEmbeddedPostgres({ dataDir: folder })
      await expect.poll(comments, { timeout: 20_000, interval: 20 }).not.toBeUndefined()
      const kept = (await comments()) ?? 0
      const after = simulator.burst({ count: 75, perSecond: 50 })
      await captured(store, kept + 1)
      // Its own recovery included.
      expect.soft(performance.now() - died, `restart ${torn + 1}`).toBeLessThan(10_000)
      ids.push(...(await before).ids, ...(await after).ids)
    }
    await captured(store, 1_500, 150_000)
    await expectExactly(store, ids)
    expect(perch.child.exitCode).toBeNull()
  } finally {
    await perch.stop()
    await store.close()
    await simulator.close()
    await wire.close()
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}, 300_000)

/** Shifts the clock that a program sees, as if its machine's were wrong: `from` the start, or when it is told to (SIGUSR2). */
const shifted = (hours: number, from: 'start' | 'signal' = 'start'): string =>
  `--import=data:text/javascript,${encodeURIComponent(`
    const Real = Date
    let by = ${from === 'start' ? hours * 3_600_000 : 0}
    process.on('SIGUSR2', () => { by = by === 0 ? ${hours * 3_600_000} : 0 })
    globalThis.Date = class Date extends Real {
      constructor(...given) { given.length === 0 ? super(Real.now() + by) : super(...given) }
      static now() { return Real.now() + by }
    }`)}`

it.each([1, -1])(
  'a worker whose clock is set %i hours on while it runs, and back again, loses nothing',
  async (hours) => {
    const { simulator, store, common } = world
    const perch = await spawnPerch({ ...common, env: { NODE_OPTIONS: shifted(hours, 'signal') } })
    try {
      await expect.poll(() => simulator.state.streams, { timeout: 20_000 }).toBe(1)
      const all: string[] = []
      for (let set = 0; set < 4; set++) {
        const posting = simulator.burst({ count: 150, perSecond: 50 })
        await captured(store, all.length + 1)
        perch.child.kill('SIGUSR2')
        const { id, seconds } = await resumption(world)
        expect.soft(seconds, `setting ${set + 1}`).toBeLessThan(10)
        // With the clock wrong, the stream comes back and polling goes on, too.
        simulator.dropStreams()
        all.push(id, ...(await posting).ids)
        const again = await resumption(world)
        expect.soft(again.seconds, `the stream after setting ${set + 1}`).toBeLessThan(10)
        all.push(again.id)
        await captured(store, all.length)
      }
      await expectExactly(store, all)
    } finally {
      await perch.stop()
    }
  },
  120_000,
)

it.each([1, -1])(
  'a worker whose clock is %i hours off loses nothing',
  async (hours) => {
    const { simulator, store, common } = world
    const perch = await spawnPerch({ ...common, env: { NODE_OPTIONS: shifted(hours) } })
    try {
      const { ids } = await simulator.burst({ count: 200, perSecond: 100 })
      await captured(store, 200)
      // What the stream tells nobody, polling finds.
      await perch.kill()
      const missed = await simulator.burst({ count: 100 })
      const again = await spawnPerch({ ...common, env: { NODE_OPTIONS: shifted(hours) } })
      try {
        await captured(store, 300)
        const { id, seconds } = await resumption(world)
        expect(seconds).toBeLessThan(10)
        await expectExactly(store, [...ids, ...missed.ids, id])
      } finally {
        await again.stop()
      }
    } finally {
      await perch.stop()
    }
  },
  120_000,
)

it('X that answers nothing, half or hanging everywhere is asked again, and goes on within ten seconds', async () => {
  const { simulator, store, common } = world
  const perch = await spawnPerch(common)
  const ids: string[] = []
  try {
    await expect.poll(() => simulator.state.streams, { timeout: 20_000 }).toBe(1)
    for (const fault of [
      { kind: 'status', status: 503 },
      { kind: 'status', status: 500 },
      { kind: 'status', status: 429, resetSeconds: 4 },
      { kind: 'truncate' },
      { kind: 'hang' },
      { kind: 'half-json' },
      { kind: 'hang-body' },
      { kind: 'html', status: 200 },
    ] as const) {
      for (const path of ['/2/users/*', '/2/tweets/*', '/2/activity/*']) {
        simulator.addFault({ ...fault, match: { method: 'GET', path }, times: null })
      }
      simulator.dropStreams()
      ids.push(...(await simulator.burst({ count: 20 })).ids)
      await pause(3_000)
      simulator.clearFaults()
      const { id, seconds } = await resumption(world)
      ids.push(id)
      expect.soft(seconds, JSON.stringify(fault)).toBeLessThan(10)
    }
    await captured(store, ids.length, 90_000)
    await expectExactly(store, ids)
  } finally {
    await perch.stop()
  }
}, 240_000)
