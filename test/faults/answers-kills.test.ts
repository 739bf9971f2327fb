import { expect, it } from 'vitest'
import { startPerch } from '../helpers/perch.ts'
import { spawnPerch } from '../helpers/processes.ts'
import { testRedisUrl } from '../helpers/redis.ts'
import { testStore } from '../helpers/stores.ts'
import { answeringWorld, howOftenOnX, SENDING_PATHS, type Way } from '../outbound/answering.ts'

/**
 * Workers that are killed between X's taking an answer and our writing down that it did. At each kill answers of five
 * accounts, which are all that the plan has room for, stand at that very point: in the end more than fifty of each way.
 */

const KILLS = 17
const WORLDS: readonly (readonly Way[])[] = [
  ['X_POST', 'X_POST', 'X_DM', 'X_DM', 'X_CHAT'],
  ['X_POST', 'X_POST', 'X_DM', 'X_CHAT', 'X_CHAT'],
]

interface Given {
  readonly way: Way
  readonly user: string
  readonly text: string
  readonly ticketId: string
  readonly commentId: string
}

it('answers whose worker is killed when X has them are sent once, each, and known to be', async () => {
  await Promise.all(WORLDS.map(torment))
}, 600_000)

async function torment(ways: readonly Way[]): Promise<void> {
  const world = await answeringWorld(ways.length, ways.filter((way) => way === 'X_CHAT').length)
  const { simulator, exchanges } = world.x
  const places = []
  for (const [index, way] of ways.entries()) {
    const brand = world.brands[index]
    if (!brand) throw new Error('a brand for each way')
    simulator.setRateLimit({ endpoint: `POST ${SENDING_PATHS[way]}`, user: 1_000 })
    const ticketId = await world.ticket(way, `Hello ${index} by ${way}`, brand)
    // Once X has said what it takes, nobody waits for what a killed process was the first to ask.
    await world.settled(ticketId, (await world.reply(ticketId, `first answer by ${way}`)).id, 'SENT')
    places.push({ way, user: brand.id, ticketId })
  }
  for (const endpoint of ['GET /2/users/:id/tweets', 'GET /2/dm_conversations/with/:participant_id/dm_events'])
    simulator.setRateLimit({ endpoint, user: 10_000 })
  await world.app.close()
  const common = { databaseUrl: world.database.url, simulatorUrl: simulator.url, redisUrl: testRedisUrl() }
  const door = await startPerch({ ...common, role: 'api' })
  world.askAt(door.url)
  // X tells nothing: what it has must be read back.
  const start = () => spawnPerch({ ...common, role: 'worker', env: { X_ACTIVITY: 'off' } })
  const { prisma, close } = await testStore(world.database.url)
  const given: Given[] = []
  let worker = await start()
  try {
    for (let kill = 1; kill <= KILLS; kill++) {
      for (const { way } of places)
        simulator.addFault({ match: { method: 'POST', path: SENDING_PATHS[way] }, kind: 'hang-body' })
      for (const place of places) {
        const text = `answer ${kill} of ${place.user}`
        const { id } = await world.reply(place.ticketId, text)
        given.push({ ...place, text, commentId: id })
      }
      // X has all of them, and will not say so: the answers hang.
      const held = () => exchanges.filter(({ fault }) => fault === 'hang-body').length
      await expect.poll(held, { timeout: 60_000, interval: 20 }).toBe(given.length)
      await worker.kill()
      simulator.clearFaults()
      // A killed worker's jobs come free within ten seconds (test/faults/jobs.test.ts); each time anew that is spared here.
      await prisma.$executeRaw`UPDATE graphile_worker._private_jobs SET locked_at = NULL, locked_by = NULL`
      await prisma.$executeRaw`UPDATE graphile_worker._private_job_queues SET locked_at = NULL, locked_by = NULL`
      worker = await start()
    }
    const open = () => prisma.delivery.count({ where: { finishedAt: null } })
    await expect.poll(open, { timeout: 60_000, interval: 100 }).toBe(0)
    for (const { ticketId } of places)
      for (const { delivery } of await world.answers(ticketId)) expect(delivery?.state).toBe('SENT')
    expect(given.map(({ user, way, text }) => [text, howOftenOnX(simulator, user, way, text)])).toEqual(
      given.map(({ text }) => [text, 1]),
    )
    // And each is one comment, whatever was read meanwhile.
    expect(await prisma.comment.count({ where: { direction: 'OUTBOUND' } })).toBe(given.length + places.length)
  } finally {
    await worker.stop()
    await door.close()
    await close()
    await world.close()
  }
}
