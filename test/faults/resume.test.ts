import { expect, it } from 'vitest'
import { createSimulator } from '../../simulator/index.ts'
import { testDatabase } from '../helpers/database.ts'
import { connectBrand, query, watchTickets } from '../helpers/perch.ts'
import { agentToken, spawnPerch } from '../helpers/processes.ts'
import { startRedis } from '../helpers/redis.ts'

const PER_SECOND = 50
const CUT_MS = 10_000
const POSTS = 800

it('a subscriber cut off for ten seconds under 50 posts a second misses none and sees none twice', async () => {
  const [simulator, database, redis] = await Promise.all([createSimulator(), testDatabase(), startRedis()])
  await connectBrand(database.url, simulator)
  const common = { databaseUrl: database.url, simulatorUrl: simulator.url, redisUrl: redis.url }
  const [api, worker] = await Promise.all([
    spawnPerch({ ...common, role: 'api' }),
    spawnPerch({ ...common, role: 'worker' }),
  ])
  try {
    const token = await agentToken()
    const { tickets } = await query<{ tickets: { position: string } }>(
      api.url,
      token,
      '{ tickets(first: 1) { position } }',
    )
    const first = watchTickets(api.url, token, tickets.position)
    const posting = simulator.burst({ count: POSTS, perSecond: PER_SECOND, text: '@acme steady {n}' })
    await first.count(100)
    await first.close()
    await new Promise((resolve) => setTimeout(resolve, CUT_MS))
    const second = watchTickets(api.url, token, first.seen.at(-1)?.position)
    await posting
    await second.count(POSTS - first.seen.length, 30_000)
    await second.close()
    const subjects = [...first.seen, ...second.seen].map(({ subject }) => subject)
    expect(subjects).toHaveLength(POSTS)
    expect(new Set(subjects)).toEqual(new Set(Array.from({ length: POSTS }, (_, n) => `steady ${n + 1}`)))
  } finally {
    await Promise.all([api.stop(), worker.stop()])
    await Promise.all([simulator.close(), redis.dispose(), database.drop()])
  }
})
