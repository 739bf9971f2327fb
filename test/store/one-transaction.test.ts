import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LogEvent } from '../../src/domain/event.ts'
import type { Doorbell } from '../../src/pubsub/bus.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { nameOf, note, seeded, testStore } from '../helpers/stores.ts'

const ACTOR = { kind: 'system', part: 'test' } as const
const WRITERS = 8
const EVENTS_A_WRITER = 2_500

describe('one transaction', () => {
  let database: TestDatabase
  let store: Store
  const bells: Doorbell[] = []

  beforeAll(async () => {
    database = await testDatabase()
    store = await testStore(database.url, { onRing: (bell) => void bells.push(bell) })
  })
  afterAll(async () => {
    await store?.close()
    await database?.drop()
  })

  it('keeps 20,000 events of 8 writers gapless and in order, among roll-backs and delays', async () => {
    const start = (await store.log.head()).head
    const total = WRITERS * EVENTS_A_WRITER
    const rung: { bell: Doorbell; readable: Promise<number> }[] = []
    const committed: { names: string[]; last: number }[] = []
    let rollbacks = 0

    async function write(writer: number): Promise<void> {
      const random = seeded(writer + 1)
      const mine = await testStore(database.url, {
        poolSize: 2,
        // The bell must not ring before the commit: whoever hears it looks at once.
        onRing: (bell) =>
          rung.push({
            bell,
            readable: rung.length % 20 ? Promise.resolve(bell.head) : store.log.head().then(({ head }) => head),
          }),
      })
      for (let made = 0; made < EVENTS_A_WRITER; ) {
        const size = Math.min(random() < 0.3 ? 1 : Math.ceil(random() * 120), EVENTS_A_WRITER - made)
        const names = Array.from({ length: size }, (_, n) => `${writer}/${made + n}`)
        const fails = random() < 0.2
        const delay = random() < 0.2 ? random() * 10 : 0
        const change = mine.change(ACTOR, async ({ db, emit }) => {
          if (random() < 0.5) await db.$queryRaw`SELECT 1`
          for (const name of names) emit(note(fails ? `rolled back ${name}` : name))
          if (delay) await new Promise((resolve) => setTimeout(resolve, delay))
          if (fails) throw new Error('rolled back')
        })
        if (fails) {
          await expect(change).rejects.toThrow('rolled back')
          rollbacks++
          continue
        }
        committed.push({ names, last: (await change).position.offset })
        made += size
      }
      await mine.close()
    }

    const seen: LogEvent[] = []
    const reading = (async () => {
      const random = seeded(99)
      while (seen.length < total) {
        seen.push(...(await store.log.read(start + seen.length, Math.ceil(random() * 1_000))))
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    })()
    await Promise.all([reading, ...Array.from({ length: WRITERS }, (_, writer) => write(writer))])

    expect(rollbacks).toBeGreaterThan(0)
    expect(seen.map(({ offset }) => offset)).toEqual(Array.from({ length: total }, (_, n) => start + n + 1))
    const names = seen.map(({ body }) => nameOf(body))
    expect(new Set(names).size).toBe(total)
    expect(names.filter((name) => name.startsWith('rolled back'))).toEqual([])
    for (let writer = 0; writer < WRITERS; writer++) {
      const own = names.filter((name) => name.startsWith(`${writer}/`))
      expect(own).toEqual(Array.from({ length: EVENTS_A_WRITER }, (_, n) => `${writer}/${n}`))
    }
    for (const change of committed) {
      const end = change.last - start
      expect(names.slice(end - change.names.length, end)).toEqual(change.names)
    }
    expect(rung).toHaveLength(committed.length)
    for (const { bell, readable } of rung) {
      const events = bell.events ?? []
      expect(events.at(-1)?.offset).toBe(bell.head)
      expect(await readable).toBeGreaterThanOrEqual(bell.head)
      const first = bell.head - events.length - start
      expect(seen.slice(first, first + events.length)).toEqual(events)
    }
  }, 60_000)

  it('rings no bell for a change without events, and gives the end of the log as its position', async () => {
    bells.length = 0
    const { head, epoch } = await store.log.head()
    const { value, position } = await store.change(ACTOR, async () => 'nothing')
    expect([value, position]).toEqual(['nothing', { epoch, offset: head }])
    expect(bells).toEqual([])
  })

  it('runs both changes of a deadlock to their end', async () => {
    await store.prisma.$executeRaw`CREATE TABLE pair (id int PRIMARY KEY, n int NOT NULL)`
    await store.prisma.$executeRaw`INSERT INTO pair VALUES (1, 0), (2, 0)`
    const { head } = await store.log.head()
    let attempts = 0
    const arrived = [deferred(), deferred()] as const
    const take = (first: 0 | 1) =>
      store.change(ACTOR, async ({ db, emit }) => {
        attempts++
        await db.$executeRaw`UPDATE pair SET n = n + 1 WHERE id = ${first + 1}`
        arrived[first].resolve()
        await arrived[first === 0 ? 1 : 0].promise
        await db.$executeRaw`UPDATE pair SET n = n + 1 WHERE id = ${2 - first}`
        emit(note(`deadlock ${first}`))
      })
    await Promise.all([take(0), take(1)])
    expect(attempts).toBe(3)
    expect(await store.prisma.$queryRaw`SELECT n FROM pair ORDER BY id`).toEqual([{ n: 2 }, { n: 2 }])
    const events = await store.log.read(head, 10)
    expect(events.map(({ body }) => nameOf(body)).sort()).toEqual(['deadlock 0', 'deadlock 1'])
  })

  it('does not run again what failed for good', async () => {
    let attempts = 0
    const failing = store.change(ACTOR, async ({ db }) => {
      attempts++
      await db.$executeRaw`INSERT INTO pair VALUES (1, 0)`
    })
    await expect(failing).rejects.toMatchObject({ code: 'P2010' })
    expect(attempts).toBe(1)
  })

  it('makes a job exactly if its change commits', async () => {
    const enqueue = (n: number, fails: boolean) =>
      store
        .change(ACTOR, async ({ enqueue }) => {
          enqueue({ name: 'test.job', payload: { n }, key: `job ${n}`, queue: 'q', inMs: 3_600_000 })
          enqueue({ name: 'test.job', payload: [n] })
          if (fails) throw new Error('rolled back')
        })
        .catch(() => {})
    for (let n = 0; n < 10; n++) await enqueue(n, n % 2 === 1)
    const jobs = await store.prisma.$queryRaw<{ payload: unknown }[]>`
      SELECT payload FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
      WHERE t.identifier = 'test.job' ORDER BY j.id`
    expect(jobs.map(({ payload }) => payload)).toEqual([0, 2, 4, 6, 8].flatMap((n) => [{ n }, [n]]))
    await enqueue(0, false)
    const keyed = await store.prisma.$queryRaw<{ seconds: number }[]>`
      SELECT extract(epoch FROM run_at - now())::float8 AS seconds
      FROM graphile_worker.jobs WHERE key = 'job 0' AND queue_name = 'q'`
    expect(keyed).toEqual([{ seconds: expect.closeTo(3_600, -2) }])
  })
})

/** Promise.withResolvers, which Node 20 does not have. */
function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
