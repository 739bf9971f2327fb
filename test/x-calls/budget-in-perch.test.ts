import { afterAll, beforeAll, expect, it } from 'vitest'
import type { App } from '../../src/app.ts'
import { SIMULATED_BRAND } from '../../src/simulated-x.ts'
import { mutate } from '../accounts/graphql.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, query, startPerch, tokenFor } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

let x: ValidatedSimulator
let database: TestDatabase
let app: App
beforeAll(async () => {
  x = await validatedSimulator()
  database = await testDatabase()
  await connectBrand(database.url, x.simulator)
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: x.simulator.url })
}, 60_000)
afterAll(async () => {
  await app?.close()
  await x?.simulator.close()
  await database?.drop()
})

const polls = () => x.exchanges.filter(({ path }) => path === `/2/users/${SIMULATED_BRAND.id}/mentions`).length
const tickets = () => app.store.prisma.ticket.count()
const spend = async () => {
  const text = '{ accounts { id spend { total ticketsCreated kinds { kind units } budget { state } } } }'
  const answer = await query<{
    accounts: {
      id: string
      spend: { total: string; kinds: { kind: string; units: number }[]; budget: { state: string } | null }
    }[]
  }>(app.url, await tokenFor(app, 'admin'), text)
  return answer.accounts[0]
}

const spendOf = async () => {
  const account = await spend()
  if (!account) throw new Error('no account')
  return account.spend
}
/** Milliseconds from one round of mentions to the next, of so many to come. */
async function between(rounds: number): Promise<number> {
  const seen = async (count: number) =>
    void (await expect.poll(polls, { timeout: 40_000, interval: 20 }).toBeGreaterThanOrEqual(count))
  await seen(polls() + 1)
  const [begun, first] = [performance.now(), polls()]
  await seen(first + rounds)
  return (performance.now() - begun) / rounds
}
const told = async () =>
  (await app.store.prisma.event.findMany({ where: { type: 'account.updated' } })).map(({ data }) => data)

it('a running Perch writes down what X charges, polls less when most of a budget is spent, and only hears when all of it is', async () => {
  const author = x.simulator.createUser({ username: 'mira_test' }).id
  await expect.poll(() => x.simulator.state.streams, { timeout: 10_000 }).toBe(1)
  x.simulator.createPost({ from: author, text: '@acme one' })
  await expect.poll(tickets, { timeout: 10_000 }).toBe(1)
  // By the stream, and by polling, which X does not charge less for.
  await expect
    .poll(async () => (await spend())?.spend.kinds, { timeout: 10_000 })
    .toEqual(
      expect.arrayContaining([{ kind: 'REPLY_EVENT', units: 1 }, expect.objectContaining({ kind: 'POST_READ' })]),
    )

  const accountId = (await spend())?.id
  // At nine tenths of the budget rounds are four times as far apart; and the stream, which makes them rarer, is well.
  await expect.poll(async () => (await spendOf()).budget?.state ?? null).toBeNull()
  const usual = await between(4)
  const limit = (Number((await spendOf()).total) / 0.9).toFixed(6)
  expect((await mutate(app, 'updateAccount', { accountId, monthlyBudget: limit })).userErrors).toEqual([])
  expect((await spendOf()).budget).toEqual({ state: 'SLOWED' })
  await between(1)
  expect(await between(2)).toBeGreaterThan(2 * usual)
  await expect.poll(told).toEqual(expect.arrayContaining([expect.objectContaining({ what: 'BUDGET_SLOWED' })]))

  expect((await mutate(app, 'updateAccount', { accountId, monthlyBudget: '0.001' })).userErrors).toEqual([])
  expect((await spend())?.spend.budget).toEqual({ state: 'EXHAUSTED' })
  // The round that is under way may end; then nothing more is asked.
  let before = -1
  await expect
    .poll(
      () => {
        const still = before === polls()
        before = polls()
        return still
      },
      { interval: 1_000, timeout: 15_000 },
    )
    .toBe(true)
  x.simulator.createPost({ from: author, text: '@acme two' })
  await expect.poll(tickets, { timeout: 10_000 }).toBe(2)
  expect(polls()).toBe(before)
  await expect.poll(told).toEqual(expect.arrayContaining([expect.objectContaining({ what: 'BUDGET_EXHAUSTED' })]))
}, 90_000)
