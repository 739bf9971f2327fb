import { expect, it } from 'vitest'
import { type PerchProcess, spawnPerch } from '../helpers/processes.ts'
import { testStore } from '../helpers/stores.ts'
import {
  type AnsweringWorld,
  answeringWorld,
  howOftenOnX,
  SENDING_PATHS,
  WAYS,
  type Way,
} from '../outbound/answering.ts'

/**
 * Processes that are killed between X's taking an answer and our writing down that it did. At each kill a post, a direct
 * message and an encrypted one stand at that very point, of three accounts.
 */

const WORLDS = 2
const KILLS = 25

interface Given {
  readonly way: Way
  readonly user: string
  readonly text: string
  readonly ticketId: string
  readonly commentId: string
}

it('answers whose process is killed fifty times when X has them are sent once, each, and known to be', async () => {
  const worlds = await Promise.all(Array.from({ length: WORLDS }, () => answeringWorld(WAYS.length)))
  try {
    await Promise.all(worlds.map(torment))
  } finally {
    for (const world of worlds) await world.close()
  }
}, 300_000)

async function torment(world: AnsweringWorld): Promise<void> {
  const { simulator } = world.x
  const places = []
  for (const [index, way] of WAYS.entries()) {
    const brand = world.brands[index]
    if (!brand) throw new Error('a brand for each way')
    simulator.setRateLimit({ endpoint: `POST ${SENDING_PATHS[way]}`, user: 1_000 })
    places.push({ way, user: brand.id, ticketId: await world.ticket(way, `Hello by ${way}`, brand) })
  }
  for (const endpoint of ['GET /2/users/:id/tweets', 'GET /2/dm_conversations/with/:participant_id/dm_events'])
    simulator.setRateLimit({ endpoint, user: 10_000 })
  // What sends and reads from here on are processes that can be killed. X tells nothing: what it has must be read back.
  const start = () =>
    spawnPerch({ databaseUrl: world.database.url, simulatorUrl: simulator.url, env: { X_ACTIVITY: 'off' } })
  await world.app.close()
  const store = await testStore(world.database.url)
  const { prisma } = store
  const given: Given[] = []
  let perch: PerchProcess = await start()
  try {
    for (let kill = 1; kill <= KILLS; kill++) {
      world.askAt(perch.url)
      for (const { way } of places)
        simulator.addFault({ match: { method: 'POST', path: SENDING_PATHS[way] }, kind: 'hang-body' })
      for (const place of places) {
        const text = `answer ${kill} by ${place.way}`
        const { id } = await world.reply(place.ticketId, text)
        given.push({ ...place, text, commentId: id })
      }
      // X has all three, and will not say so: the answers hang.
      const held = () => world.x.exchanges.filter(({ fault }) => fault === 'hang-body').length
      await expect.poll(held, { timeout: 60_000, interval: 20 }).toBe(given.length)
      await perch.kill()
      simulator.clearFaults()
      // A killed worker's jobs come free within ten seconds (test/faults/jobs.test.ts); fifty times that are spared here.
      await prisma.$executeRaw`UPDATE graphile_worker._private_jobs SET locked_at = NULL, locked_by = NULL`
      await prisma.$executeRaw`UPDATE graphile_worker._private_job_queues SET locked_at = NULL, locked_by = NULL`
      perch = await start()
    }
    world.askAt(perch.url)
    for (const { ticketId, commentId } of given) await world.settled(ticketId, commentId, 'SENT', 60_000)
    expect(given.map(({ user, way, text }) => [text, howOftenOnX(simulator, user, way, text)])).toEqual(
      given.map(({ text }) => [text, 1]),
    )
    // And each is one comment, whatever was read meanwhile.
    expect(await prisma.comment.count({ where: { direction: 'OUTBOUND' } })).toBe(given.length)
  } finally {
    await perch.stop()
    await store.close()
  }
}
