import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from '../../src/app.ts'
import { idAt } from '../../src/domain/x-id.ts'
import { accounts, brands, connect, mutate } from '../accounts/graphql.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { startPerch } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/** F6, F7, F46: X is asked for an account that is at work, and for no other. In one process; test/faults has several. */

let database: TestDatabase
let x: ValidatedSimulator
let app: App
/** When X was asked for the mentions of whom, after what. */
const asked: { readonly who: string; readonly at: number; readonly since: string }[] = []
let people: string[]
beforeAll(async () => {
  database = await testDatabase()
  x = await validatedSimulator({
    onExchange({ path, query }) {
      const who = /^\/2\/users\/(\d+)\/mentions$/.exec(path)?.[1]
      if (who) asked.push({ who, at: performance.now(), since: query['since_id'] ?? '' })
    },
  })
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: x.simulator.url })
  people = brands(x.simulator, 5)
})
afterAll(async () => {
  await app?.close()
  await x?.simulator.close()
  await database?.drop()
})

/** Connects the n-th brand; resolves when X is asked for it. */
async function atWork(n: number): Promise<{ id: string; who: string }> {
  const who = people[n] ?? ''
  const { account } = await connect(app, who)
  if (!account) throw new Error('not connected')
  await asks(who, 0)
  return { id: account.id, who }
}
const asksSince = (who: string, from: number) => asked.filter((ask) => ask.who === who && ask.at > from)
/** A second is plenty; the machine that runs this has other tests to run. */
const SOON_MS = 3_000
const asks = (who: string, from: number) =>
  expect.poll(() => asksSince(who, from).length, { interval: 10, timeout: SOON_MS }).toBeGreaterThan(0)
/** Resolves when X has not been asked for three rounds of polling. */
const asksNoMore = (who: string) =>
  expect
    .poll(() => performance.now() - (asked.findLast((ask) => ask.who === who)?.at ?? 0), { timeout: SOON_MS })
    .toBeGreaterThan(1_000)

describe('an account is polled no more, and again, as soon as it is', () => {
  it.each<
    [off: string, on: string, off: (id: string, who: string) => unknown, on: (id: string, who: string) => unknown]
  >([
    [
      'deactivated',
      'reactivated',
      (accountId) => mutate(app, 'deactivateAccount', { accountId }),
      (accountId) => mutate(app, 'reactivateAccount', { accountId }),
    ],
    [
      'unlinked',
      'connected again',
      (accountId) => mutate(app, 'unlinkAccount', { accountId, screenName: 'brand_1' }),
      (_accountId, who) => connect(app, who),
    ],
    [
      'shut out',
      'authorized anew',
      (_accountId, who) => x.simulator.revoke({ user: who }),
      (_accountId, who) => connect(app, who),
    ],
  ])('%s, and %s', async (off, _on, goOff, goOn) => {
    const { id, who } = await atWork(['deactivated', 'unlinked', 'shut out'].indexOf(off))
    await goOff(id, who)
    await asksNoMore(who)
    const from = performance.now()
    await goOn(id, who)
    await asks(who, from)
  })

  it('also while X is slow to change its subscriptions', async () => {
    const [one, other] = [await atWork(3), await atWork(4)]
    x.simulator.addFault({ match: { path: '/2/activity/subscriptions' }, kind: 'delay', delayMs: 2_500, times: 2 })
    await mutate(app, 'deactivateAccount', { accountId: one.id })
    await mutate(app, 'deactivateAccount', { accountId: other.id })
    await asksNoMore(other.who)
    x.simulator.clearFaults()
  })
})

describe('an account that is polled', () => {
  it('begins anew where it was switched on again, however soon that was', async () => {
    const who = people[0] ?? ''
    const { id } = await app.store.prisma.account.findUniqueOrThrow({ where: { xUserId: who } })
    const capturesFrom = new Date()
    // Off and on between two looks at the accounts.
    await app.store.change({ kind: 'system', part: 'test' }, async ({ db, emit }) => {
      await db.account.update({ where: { id }, data: { capturesFrom } })
      await db.sourceCursor.deleteMany({ where: { accountId: id } })
      emit({ type: 'account.updated', accountId: id, changed: ['status'], what: 'REACTIVATED' })
    })
    const start = BigInt(idAt(capturesFrom.getTime()))
    const from = performance.now()
    await expect.poll(() => asksSince(who, from).some(({ since }) => BigInt(since) >= start)).toBe(true)
  })

  it('is asked for at once when it is authorized anew, however long X would have had us wait', async () => {
    const who = people[0] ?? ''
    const match = { path: `/2/users/${who}/mentions` }
    x.simulator.addFault({ match, kind: 'status', status: 429, resetSeconds: 900, times: 1 })
    await expect
      .poll(() => x.exchanges.some(({ path, status }) => path === match.path && status === 429), { timeout: 5_000 })
      .toBe(true)
    const from = performance.now()
    const account = (await accounts(app)).find(({ screenName }) => screenName === 'brand_0')
    expect((await connect(app, who, account?.id)).userErrors).toEqual([])
    await asks(who, from)
  })
})
