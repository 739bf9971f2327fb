import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { expectExactly, type IngestWorld, ingestWorld, resumption } from '../helpers/ingest-world.ts'
import { type PerchProcess, spawnPerch } from '../helpers/processes.ts'
import { testRedisUrl } from '../helpers/redis.ts'
import { seeded } from '../helpers/stores.ts'

const POSTS = 10_000
const KILLS = 100

let world: IngestWorld
beforeEach(async () => {
  world = await ingestWorld()
})
afterEach(() => world?.close())

it('workers killed a hundred times while ten thousand posts arrive lose none and double none', async () => {
  const { simulator, store, common } = world
  simulator.createUser({ username: 'lena' })
  const random = seeded(7)
  const start = () => spawnPerch({ ...common, redisUrl: testRedisUrl(), role: 'worker' })
  const workers: (PerchProcess | undefined)[] = await Promise.all([start(), start()])
  try {
    const posting = simulator.burst({ count: POSTS, perSecond: 60 })
    let kills = 0
    /** One of the two is killed at a random moment of its life and replaced, again and again. */
    const torment = async (place: number) => {
      for (; kills < KILLS; kills++) {
        await pause(random() * 1_000)
        await workers[place]?.kill()
        workers[place] = await start()
      }
    }
    await Promise.all([torment(0), torment(1)])
    const { id, seconds } = await resumption(world)
    expect(seconds).toBeLessThan(10)
    const { ids } = await posting
    await expect.poll(() => store.prisma.comment.count(), { timeout: 180_000, interval: 500 }).toBe(POSTS + 1)
    await expectExactly(store, [...ids, id])
  } finally {
    await Promise.all(workers.map((worker) => worker?.stop()))
  }
}, 600_000)
