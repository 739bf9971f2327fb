import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeGlobalId } from '../../src/schema/global-id.ts'
import { createWorld, type World } from './world.ts'

let world: World
let id: string
beforeAll(async () => {
  world = await createWorld()
  id = encodeGlobalId('Account', world.accountId)
  const day = (text: string) => new Date(`${text}T00:00:00Z`)
  const line = (on: string, kind: string, calls: number, units: number, microDollars: number) => ({
    caller: world.accountId,
    day: day(on),
    kind,
    calls,
    units,
    microDollars,
  })
  await world.store.prisma.xSpend.createMany({
    data: [
      line('2026-03-01', 'POST_READ', 3, 200, 1_000_000),
      line('2026-03-01', 'DM_EVENT', 0, 5, 50_000),
      line('2026-03-02', 'POST_READ', 1, 1, 5_000),
      line('2026-03-03', 'A_KIND_OF_A_NEWER_VERSION', 1, 1, 1),
      line('2026-04-01', 'POST_READ', 1, 100, 500_000),
      { ...line('2026-03-01', 'POST_READ', 9, 9, 45_000), caller: 'app' },
    ],
  })
  const ticketsOf = ['2026-02-28T23:59:59Z', '2026-03-01T00:00:00Z', '2026-03-02T23:59:59Z', '2026-03-04T00:00:00Z']
  for (const createdAt of ticketsOf) await world.openTicket({ createdAt: new Date(createdAt) })
})
afterAll(() => world?.close())

const BUDGET = 'budget { monthlyLimit spent remaining state }'
const REPORT = `from to total ticketsCreated costPerTicket ${BUDGET}
  lines { day kind calls units amount } kinds { kind calls units amount priceIsPublished }`

interface Seen {
  readonly from: string
  readonly to: string
  readonly total: string
  readonly ticketsCreated: number
  readonly costPerTicket: string | null
  readonly budget: { monthlyLimit: string; spent: string; remaining: string; state: string } | null
  readonly lines: readonly object[]
  readonly kinds: readonly object[]
}

async function spend(args = '', who = world.admin) {
  const source = `{ accounts { spend${args} { ${REPORT} } } }`
  const { data, errors } = await world.ask<{ accounts: { spend: Seen }[] } | null>(who, source)
  return { spend: data?.accounts[0]?.spend, errors }
}

async function setBudget(monthlyBudget: string | null) {
  const { data, errors } = await world.ask<{
    updateAccount: { account: { spend: Seen }; userErrors: readonly object[] }
  }>(
    world.admin,
    `mutation ($input: UpdateAccountInput!) {
      updateAccount(input: $input) { account { spend { ${REPORT} } } userErrors { code } } }`,
    { input: { accountId: id, monthlyBudget } },
  )
  return { budget: data?.updateAccount?.account.spend.budget, errors }
}

describe('what X charges for an account', () => {
  it('is told by day and kind, with what a ticket costs', async () => {
    expect(await spend('(from: "2026-03-01", to: "2026-03-03")')).toEqual({
      errors: [],
      spend: {
        from: '2026-03-01',
        to: '2026-03-03',
        total: '1.055001',
        ticketsCreated: 2,
        costPerTicket: '0.527501',
        budget: null,
        lines: [
          { day: '2026-03-01', kind: 'DM_EVENT', calls: 0, units: 5, amount: '0.05' },
          { day: '2026-03-01', kind: 'POST_READ', calls: 3, units: 200, amount: '1.00' },
          { day: '2026-03-02', kind: 'POST_READ', calls: 1, units: 1, amount: '0.005' },
          { day: '2026-03-03', kind: 'UNPRICED', calls: 1, units: 1, amount: '0.000001' },
        ],
        kinds: [
          { kind: 'DM_EVENT', calls: 0, units: 5, amount: '0.05', priceIsPublished: true },
          { kind: 'POST_READ', calls: 4, units: 201, amount: '1.005', priceIsPublished: true },
          { kind: 'UNPRICED', calls: 1, units: 1, amount: '0.000001', priceIsPublished: false },
        ],
      },
    })
  })

  it('is that of this month when no days are given, and of a month so far when the last is', async () => {
    const today = new Date().toISOString().slice(0, 10)
    expect((await spend()).spend).toMatchObject({ from: `${today.slice(0, 7)}-01`, to: today, total: '0.00' })
    const march = (await spend('(to: "2026-03-02")')).spend
    expect(march).toMatchObject({ from: '2026-03-01', total: '1.055' })
    expect((await spend('(from: "2026-04-01", to: "2026-04-01")')).spend).toMatchObject({
      ticketsCreated: 0,
      costPerTicket: null,
    })
  })

  it.each([
    ['(from: "2026-03-02", to: "2026-03-01")', /at most 400 days/],
    ['(from: "2025-01-01", to: "2026-03-01")', /at most 400 days/],
    ['(from: "2026-02-30")', /day of the calendar/],
    ['(from: "yesterday")', /day of the calendar/],
  ])('is not told for %s', async (args, why) => {
    const [error] = (await spend(args)).errors
    expect(error).toMatch(why)
    expect(error).not.toMatch(/yesterday|02-30/)
  })

  it('is for administrators', async () => {
    const [error] = (await spend('', world.agent)).errors
    expect(error).toBe('FORBIDDEN: Account.spend is for administrators.')
  })
})

describe('a monthly budget', () => {
  it('is set, shown, and taken away', async () => {
    expect(await setBudget('12.5')).toMatchObject({
      budget: { monthlyLimit: '12.50', spent: '0.00', remaining: '12.50', state: 'WITHIN' },
    })
    expect((await setBudget(null)).budget).toBeNull()
    const log = await world.store.prisma.event.findMany({ where: { type: 'account.updated' } })
    expect(log.map(({ data }) => (data as { changed: string[] }).changed)).toEqual([
      ['monthlyBudget'],
      ['monthlyBudget'],
    ])
  })

  it('says how it stands this month', async () => {
    const today = new Date(`${new Date().toISOString().slice(0, 10)}T00:00:00Z`)
    await world.store.prisma.xSpend.create({
      data: { caller: world.accountId, day: today, kind: 'DM_READ', calls: 1, units: 800, microDollars: 8_000_000 },
    })
    expect((await setBudget('10')).budget).toMatchObject({ spent: '8.00', remaining: '2.00', state: 'SLOWED' })
    expect((await setBudget('8.000001')).budget).toMatchObject({ remaining: '0.000001', state: 'SLOWED' })
    expect((await setBudget('8')).budget).toMatchObject({ remaining: '0.00', state: 'EXHAUSTED' })
    expect((await setBudget('0')).budget).toMatchObject({ remaining: '0.00', state: 'EXHAUSTED' })
  })

  it('that is changed has administrators told anew', async () => {
    const { prisma } = world.store
    const told = () => prisma.account.findUniqueOrThrow({ where: { id: world.accountId } })
    await prisma.account.update({
      where: { id: world.accountId },
      data: { budgetTold: 'EXHAUSTED', budgetToldMonth: new Date() },
    })
    await setBudget('9')
    expect(await told()).toMatchObject({ budgetTold: null, budgetToldMonth: null })
  })

  it.each(['-1', '1.0000001', '1e3', '$5', '', '12345678901'])('is not %j', async (amount) => {
    const { errors } = await setBudget(amount)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatch(/An amount is a text/)
  })

  it('that is crossed is told to staff as it happens', async () => {
    const events = await world.listen<{ accountEvents: { type: string; changed: string[] } }>(
      world.agent,
      'subscription { accountEvents { type changed } }',
    )
    await world.store.change({ kind: 'system', part: 'budget' }, async ({ emit }) => {
      for (const what of ['BUDGET_SLOWED', 'BUDGET_EXHAUSTED'] as const) {
        emit({ type: 'account.updated', accountId: world.accountId, changed: ['budget'], what })
      }
    })
    expect((await events.take(2)).map(({ data }) => data.accountEvents)).toEqual([
      { type: 'BUDGET_SLOWED', changed: ['budget'] },
      { type: 'BUDGET_EXHAUSTED', changed: ['budget'] },
    ])
    await events.stop()
  })
})
