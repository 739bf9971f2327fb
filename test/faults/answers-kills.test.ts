import { expect, it } from 'vitest'
import { startPerch } from '../helpers/perch.ts'
import { spawnPerch } from '../helpers/processes.ts'
import { testRedisUrl } from '../helpers/redis.ts'
import { testStore } from '../helpers/stores.ts'
import { answeringWorld, howOftenOnX, SENDING_PATHS, WAYS, type Way } from '../outbound/answering.ts'

/**
 * Workers that are killed between X's taking an answer and our writing down that it did: fifty kills, and at each of them
 * a post, a direct message and an encrypted one stand at that very point. In one world nobody polls and X tells nothing,
 * so that reading back is what finds them; every fifth killed worker's jobs are left to the heartbeat.
 */

const KILLS_A_WORLD = 25
const BY_HEARTBEAT = 5

interface Given {
  readonly way: Way
  readonly user: string
  readonly text: string
  readonly ticketId: string
  readonly commentId: string
}

it('answers whose worker is killed when X has them are sent once, each, and known to be', async () => {
  // One world at a time: chat-xdk, with which the simulated people read, keeps state for its whole process.
  for (const how of ['polling', 'not polling'] as const) await torment(how)
}, 1_500_000)

async function torment(how: 'polling' | 'not polling'): Promise<void> {
  const world = await answeringWorld(WAYS.length, 1)
  const { simulator, exchanges } = world.x
  const places: Omit<Given, 'text' | 'commentId'>[] = []
  for (const [index, way] of WAYS.entries()) {
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
  // Somebody has the leases, renews them, and does nothing with them.
  const hold = () => prisma.$executeRaw`
    INSERT INTO lease (name, holder, expires_at)
    SELECT kind || '/' || id, 'nobody', clock_timestamp() + interval '1 hour'
    FROM account, unnest(ARRAY['poll', 'xchat']) AS kind
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at`
  if (how === 'not polling') await hold()
  const holding = setInterval(() => how === 'not polling' && void hold().catch(() => {}), 1_000)
  const given: Given[] = []
  let worker = await start()
  /** Gives an answer by each way, and kills the worker when X was asked to take all of them and has not answered. */
  const killAt = async (kind: 'hang-body' | 'hang', text: string, byHand: boolean) => {
    const before = exchanges.length
    for (const { way } of places) simulator.addFault({ match: { method: 'POST', path: SENDING_PATHS[way] }, kind })
    const now: Given[] = []
    for (const place of places) {
      const { id } = await world.reply(place.ticketId, `${text} of ${place.user}`)
      now.push({ ...place, text: `${text} of ${place.user}`, commentId: id })
    }
    const held = () => exchanges.slice(before).filter(({ fault }) => fault === kind).length
    await expect.poll(held, { timeout: 60_000, interval: 20 }).toBe(places.length)
    await worker.kill()
    simulator.clearFaults()
    // A killed worker's jobs come free within ten seconds (test/faults/jobs.test.ts); each time anew that is spared here.
    if (byHand) {
      await prisma.$executeRaw`UPDATE graphile_worker._private_jobs SET locked_at = NULL, locked_by = NULL`
      await prisma.$executeRaw`UPDATE graphile_worker._private_job_queues SET locked_at = NULL, locked_by = NULL`
    }
    worker = await start()
    return now
  }
  const settled = async () => {
    const open = () => prisma.delivery.count({ where: { finishedAt: null } })
    await expect.poll(open, { timeout: 90_000, interval: 100 }).toBe(0)
  }
  const states = async () => {
    const all = await Promise.all(places.map(({ ticketId }) => world.answers(ticketId)))
    return new Map(all.flat().map(({ id, delivery }) => [id, [delivery?.state, delivery?.attempts]]))
  }
  try {
    for (let kill = 1; kill <= KILLS_A_WORLD; kill++)
      given.push(...(await killAt('hang-body', `answer ${kill}`, kill % BY_HEARTBEAT !== 0)))
    await settled()
    const stands = await states()
    for (const { commentId } of given) expect(stands.get(commentId)).toEqual(['SENT', 1])
    expect(given.map(({ user, way, text }) => [text, howOftenOnX(simulator, user, way, text)])).toEqual(
      given.map(({ text }) => [text, 1]),
    )
    // And each is one comment, whatever was read meanwhile.
    expect(await prisma.comment.count({ where: { direction: 'OUTBOUND' } })).toBe(given.length + places.length)
    // What X does not show is not sent again by itself either: the agent is told.
    const lost = await killAt('hang', 'an answer that nobody sees', true)
    await settled()
    const after = await states()
    for (const { commentId } of lost) expect(after.get(commentId)).toEqual(['UNKNOWN', 1])
    for (const { user, way, text } of lost) expect(howOftenOnX(simulator, user, way, text)).toBe(0)
  } finally {
    clearInterval(holding)
    await worker.stop()
    await door.close()
    await close()
    await world.close()
  }
}
