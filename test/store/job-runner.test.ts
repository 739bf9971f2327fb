import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type JobRunnerOptions, startJobRunner } from '../../src/store/job-runner.ts'
import type { NewJob, Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { silent, testStore } from '../helpers/stores.ts'
import { startProxy } from '../helpers/tcp-proxy.ts'

// Each test has jobs and schedules of its own: all run on one database, at once.
describe.concurrent('the job runner', () => {
  let database: TestDatabase
  let store: Store
  beforeAll(async () => {
    database = await testDatabase()
    store = await testStore(database.url)
  })
  afterAll(async () => {
    await store?.close()
    await database?.drop()
  })

  const start = (options: Partial<JobRunnerOptions> & Pick<JobRunnerOptions, 'tasks'>) =>
    startJobRunner({ databaseUrl: database.url, logger: silent, concurrency: 1, ...options })
  const enqueue = (...jobs: NewJob[]) =>
    store.change({ kind: 'system', part: 'test' }, async ({ enqueue }) => jobs.forEach((job) => void enqueue(job)))
  const left = async (name: string) =>
    (
      await store.prisma.$queryRaw<{ id: bigint }[]>`
      SELECT id FROM graphile_worker.jobs WHERE task_identifier = ${name}`
    ).length

  it('does what was enqueued, with its payload, and what is due later not yet', async ({ expect }) => {
    const done: unknown[] = []
    const runner = await start({ tasks: { plain: async (payload) => void done.push(payload) } })
    await enqueue(
      { name: 'plain', payload: { text: 'naïve 📦' } },
      { name: 'plain', payload: 'later', inMs: 3_600_000 },
    )
    await expect.poll(() => done).toEqual([{ text: 'naïve 📦' }])
    await expect.poll(() => left('plain')).toBe(1)
    await runner.close()
  })

  it('does a job again that failed, and says how each attempt ended', async ({ expect }) => {
    const outcomes: string[] = []
    let attempts = 0
    const runner = await start({
      tasks: {
        failing: async () => {
          if (++attempts === 1) throw new Error('not yet')
        },
      },
      onJob: (task, outcome, seconds) => void outcomes.push(`${task} ${outcome} ${seconds < 5}`),
    })
    await enqueue({ name: 'failing', payload: {} })
    await expect.poll(() => outcomes, { timeout: 10_000 }).toEqual(['failing failed true', 'failing done true'])
    await expect.poll(() => left('failing')).toBe(0)
    await runner.close()
  })

  it('does the jobs of one queue one after the other, in their order', async ({ expect }) => {
    const seen: string[] = []
    const runner = await start({
      concurrency: 3,
      tasks: {
        queued: async (n) => {
          seen.push(`begin ${n}`)
          await new Promise((resolve) => setTimeout(resolve, 30))
          seen.push(`end ${n}`)
        },
      },
    })
    await enqueue(...[1, 2, 3].map((payload) => ({ name: 'queued', payload, queue: 'one by one' })))
    await expect
      .poll(() => seen, { timeout: 10_000 })
      .toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3'])
    await runner.close()
  })

  it('does a job once that is enqueued again under its key before it starts', async ({ expect }) => {
    await enqueue({ name: 'keyed', payload: 1, key: 'the key' }, { name: 'keyed', payload: 2, key: 'the key' })
    await enqueue({ name: 'keyed', payload: 3, key: 'the key' })
    const done: unknown[] = []
    const runner = await start({ tasks: { keyed: async (payload) => void done.push(payload) } })
    await expect.poll(() => left('keyed')).toBe(0)
    expect(done).toEqual([3])
    await runner.close()
  })

  it('keeps a schedule, and refuses one that makes no sense', async ({ expect }) => {
    const nothing = { scheduled: async () => {} }
    await expect(start({ tasks: nothing, schedule: { scheduled: 'at noon' } })).rejects.toThrow()
    const runner = await start({ tasks: nothing, schedule: { scheduled: '17 3 * * *' } })
    const known = () => store.prisma.$queryRaw`
      SELECT identifier FROM graphile_worker._private_known_crontabs WHERE identifier = 'scheduled'`
    await expect.poll(known).toEqual([{ identifier: 'scheduled' }])
    await runner.close()
  })

  it('gives a sign of life in the name that its jobs are locked by, until it is closed', async ({ expect }) => {
    let lockedBy: unknown
    const alive = async () =>
      (await store.prisma.workerProcess.findMany({ where: { id: { in: lockedBy ? [String(lockedBy)] : [] } } })).length
    const runner = await start({
      tasks: {
        alive: async () => {
          const [job] = await store.prisma.$queryRaw<{ locked_by: string }[]>`
            SELECT locked_by FROM graphile_worker.jobs WHERE task_identifier = 'alive'`
          lockedBy = job?.locked_by
        },
      },
    })
    await enqueue({ name: 'alive', payload: {} })
    await expect.poll(alive, { timeout: 5_000 }).toBe(1)
    await runner.close()
    expect(await alive()).toBe(0)
  })

  it('survives a database that goes away, and does the job again whose end it could not note', async ({ expect }) => {
    const target = new URL(database.url)
    const proxy = await startProxy(target.hostname, Number(target.port || 5432))
    const through = new URL(database.url)
    through.host = `127.0.0.1:${proxy.port}`
    const begun: unknown[] = []
    let finish = () => {}
    const runner = await start({
      databaseUrl: through.href,
      tasks: {
        cut: async (payload) => {
          begun.push(payload)
          if (begun.length === 1) await new Promise<void>((resolve) => (finish = resolve))
        },
      },
    })
    await enqueue({ name: 'cut', payload: 1 })
    await expect.poll(() => begun).toEqual([1])
    await proxy.cut()
    finish()
    await new Promise((resolve) => setTimeout(resolve, 500))
    await proxy.open()
    await enqueue({ name: 'cut', payload: 2 })
    await expect.poll(() => [...begun].sort(), { timeout: 14_000, interval: 50 }).toEqual([1, 1, 2])
    await expect.poll(() => left('cut')).toBe(0)
    await runner.close()
    await proxy.close()
  })
})

describe('a job runner', () => {
  it('counts what is due and not taken', async () => {
    const database = await testDatabase()
    const store = await testStore(database.url)
    await store.change({ kind: 'system', part: 'test' }, async ({ enqueue }) => {
      for (let n = 0; n < 3; n++) enqueue({ name: 'unknown here', payload: n })
      enqueue({ name: 'unknown here', payload: 'later', inMs: 3_600_000 })
    })
    const runner = await startJobRunner({ databaseUrl: database.url, logger: silent, tasks: {} })
    await expect.poll(runner.waiting, { timeout: 5_000 }).toBe(3)
    await runner.close()
    await store.close()
    await database.drop()
  })
})
