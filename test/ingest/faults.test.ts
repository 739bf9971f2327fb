import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Simulator } from '../../simulator/index.ts'
import type { App } from '../../src/app.ts'
import { SIMULATED_BRAND } from '../../src/simulated-x.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, startPerch } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

const MENTIONS = `/2/users/${SIMULATED_BRAND.id}/mentions`

let validated: ValidatedSimulator
let simulator: Simulator
let database: TestDatabase
let app: App
let accountId: string

beforeEach(async () => {
  ;[validated, database] = await Promise.all([validatedSimulator(), testDatabase()])
  simulator = validated.simulator
  simulator.createUser({ username: 'mira_test' })
  accountId = await connectBrand(database.url, simulator)
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: simulator.url })
  await streaming()
})
afterEach(async () => {
  await app?.close()
  await simulator?.close()
  await database?.drop()
  validated.assertNoViolations()
})

const streaming = () => expect.poll(() => simulator.state.streams, { timeout: 10_000 }).toBe(1)
const say = (from: number, count: number) => {
  for (let n = from; n < from + count; n++) simulator.createPost({ from: 'mira_test', text: `@acme number ${n}` })
}
const subjects = async () =>
  (await app.store.prisma.ticket.findMany({ orderBy: { sourcePostId: 'asc' } })).map(({ subject }) => subject)
/** Each of the posts 1 to `count` is one ticket with one comment, and nothing else is there. */
async function exactly(count: number): Promise<void> {
  const wanted = Array.from({ length: count }, (_, n) => `number ${n + 1}`)
  await expect.poll(subjects, { timeout: 12_000, interval: 100 }).toEqual(wanted)
  // A round of polling later there still is no more.
  const { length } = validated.exchanges
  const polls = () => validated.exchanges.slice(length).filter(({ path }) => path.startsWith(MENTIONS)).length
  await expect.poll(polls, { timeout: 10_000 }).toBeGreaterThanOrEqual(2)
  expect(await subjects()).toEqual(wanted)
  expect(await app.store.prisma.comment.count()).toBe(count)
}

describe('posts are tickets, each once, when', () => {
  it('the stream drops, also in the middle of a line', async () => {
    say(1, 5)
    simulator.dropStreams()
    say(6, 5)
    await streaming()
    say(11, 5)
    simulator.dropStreams({ midLine: true })
    say(16, 5)
    await exactly(20)
    await streaming()
  })

  it('the stream is open but silent', async () => {
    simulator.setStreamMode({ silent: true })
    say(1, 10)
    await exactly(10)
  })

  it('the stream tells everything twice and in disorder', async () => {
    simulator.setStreamMode({ duplicates: 1, disorderMs: 300 })
    say(1, 40)
    await exactly(40)
  })

  it.each([
    ['500', { kind: 'status', status: 500 }],
    ['429', { kind: 'status', status: 429, resetSeconds: 1 }],
    ['an HTML page', { kind: 'html', status: 503 }],
    ['half an answer', { kind: 'truncate' }],
    ['nothing, hanging up', { kind: 'disconnect' }],
  ] as const)('X answers %s for a while', async (_name, fault) => {
    simulator.setStreamMode({ silent: true })
    simulator.addFault({ ...fault, match: { path: '/2/*' }, times: 2 })
    say(1, 10)
    await exactly(10)
  })

  it('the access token is revoked: it is refreshed once', async () => {
    simulator.setStreamMode({ silent: true })
    const before = await app.store.prisma.accountCredential.findUniqueOrThrow({ where: { accountId } })
    // X no longer knows the access token; the refresh token is good.
    simulator.addFault({ match: { path: MENTIONS }, kind: 'status', status: 401, times: 1 })
    const refreshes = () => validated.exchanges.filter(({ path }) => path === '/2/oauth2/token').length
    const refreshed = refreshes()
    say(1, 10)
    await exactly(10)
    expect(refreshes()).toBe(refreshed + 1)
    const after = await app.store.prisma.accountCredential.findUniqueOrThrow({ where: { accountId } })
    expect(after.accessToken).not.toBe(before.accessToken)
    expect(await app.store.prisma.account.findUniqueOrThrow({ where: { id: accountId } })).toMatchObject({
      status: 'ACTIVE',
    })
  })
})
