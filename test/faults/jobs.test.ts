import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startJobRunner } from '../../src/store/job-runner.ts'
import type { Store } from '../../src/store/store.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { programPath } from '../helpers/programs.ts'
import { silent, testStore } from '../helpers/stores.ts'

let database: TestDatabase
let store: Store
let child: ChildProcess | undefined

beforeEach(async () => {
  database = await testDatabase()
  store = await testStore(database.url)
})
afterEach(async () => {
  child?.kill('SIGKILL')
  await store?.close()
  await database?.drop()
})

const enqueue = (payload: object) =>
  store.change({ kind: 'system', part: 'test' }, async ({ enqueue }) => enqueue({ name: 'test.long', payload }))

/** A process that has begun the job that waits. */
async function takenByProcess(): Promise<ChildProcess> {
  child = spawn(process.execPath, [programPath('job-process'), database.url], { stdio: ['ignore', 'pipe', 'inherit'] })
  if (!child.stdout) throw new Error('no pipe')
  const [line] = await once(createInterface(child.stdout), 'line')
  expect(line).toBe('begun {"n":1}')
  return child
}

describe('a job', () => {
  it('of a process that was killed in the middle of it is resumed by another within 10 s', async () => {
    await enqueue({ n: 1 })
    const taker = await takenByProcess()
    const done: unknown[] = []
    const runner = await startJobRunner({
      databaseUrl: database.url,
      logger: silent,
      concurrency: 1,
      tasks: { 'test.long': async (payload) => void done.push(payload) },
    })
    try {
      // Nobody takes it from the living, also after the silence that means death.
      await new Promise((resolve) => setTimeout(resolve, 9_000))
      expect(done).toEqual([])
      const killed = performance.now()
      taker.kill('SIGKILL')
      await expect.poll(() => done, { timeout: 12_000, interval: 20 }).toEqual([{ n: 1 }])
      expect(performance.now() - killed).toBeLessThan(10_000)
      await expect.poll(() => store.prisma.$queryRaw`SELECT id FROM graphile_worker.jobs`).toEqual([])
    } finally {
      await runner.close()
    }
  })

  it('that is running when its process stops is given back, and begun again at the next start', async () => {
    await enqueue({ n: 1 })
    let begun = 0
    const start = (task: () => Promise<void>) =>
      startJobRunner({
        databaseUrl: database.url,
        logger: silent,
        concurrency: 1,
        tasks: {
          'test.long': async (_payload, signal) => {
            begun++
            await Promise.race([
              task(),
              new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('stopping')))),
            ])
          },
        },
      })
    const first = await start(() => new Promise(() => {}))
    await expect.poll(() => begun).toBe(1)
    const closing = performance.now()
    await first.close()
    expect(performance.now() - closing).toBeLessThan(8_000)
    const second = await start(async () => {})
    // It failed once, so graphile-worker waits its exp(1) seconds.
    await expect.poll(() => begun, { timeout: 10_000 }).toBe(2)
    await second.close()
  })
})
