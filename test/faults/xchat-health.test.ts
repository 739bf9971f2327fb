import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from '../../src/app.ts'
import { brands, connect, mutate } from '../accounts/graphql.ts'
import { type Watched, watch } from '../helpers/console.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { query, startPerch, tokenFor } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/** F40, F41, F44, F45: what an administrator sees of an account's XChat, from the first message to the last key, through GraphQL. */

interface Seen {
  readonly status: string
  readonly unread: { readonly count: number; readonly reasons: readonly { reason: string; count: number }[] }
}

let database: TestDatabase
let x: ValidatedSimulator
let app: App
let brand: string
let accountId: string
let events: Watched<{ type: string; account: { xchat: { status: string } | null } }>
beforeAll(async () => {
  database = await testDatabase()
  x = await validatedSimulator({ pinHashingMode: 'FastInsecure' })
  app = await start()
  ;[brand = ''] = brands(x.simulator, 1)
  accountId = (await connect(app, brand)).account?.id ?? ''
  await mutate(app, 'updateAccount', { accountId, captureDirectMessages: true })
  await x.simulator.setUpXChat({ user: brand, pin: '4821' })
  x.simulator.createUser({ username: 'ada' })
  await follow()
  // Three realms and a program are started.
}, 60_000)
afterAll(async () => {
  await events?.close()
  await app?.close()
  await x?.simulator.close()
  await database?.drop()
})

const start = () => startPerch({ databaseUrl: database.url, simulatorUrl: x.simulator.url })
async function follow(): Promise<void> {
  const text = 'subscription { accountEvents { type account { xchat { status } } } }'
  events = watch(app.url, await tokenFor(app, 'admin'), 'accountEvents', text)
}
async function seen(): Promise<Seen> {
  const text = '{ accounts { xchat { status unread { count reasons { reason count } } } } }'
  const { accounts } = await query<{ accounts: { xchat: Seen }[] }>(app.url, await tokenFor(app, 'admin'), text)
  return accounts[0]?.xchat as Seen
}
const confirm = (pin: string) => mutate(app, 'confirmXChatPin', { accountId, pin }, 'admin', 'outcome')
const write = (text: string, fault?: 'damaged' | 'wrong-signature') =>
  x.simulator.sendChatMessage({ from: 'ada', to: brand, text, ...(fault && { fault }) })
const unread = (status: string, ...reasons: [reason: string, count: number][]) => ({
  status,
  unread: {
    count: reasons.reduce((sum, [, count]) => sum + count, 0),
    reasons: reasons.map(([reason, count]) => ({ reason, count })),
  },
})

describe('an account’s XChat', () => {
  it('keeps what comes before the PIN is confirmed, and says why it is not read', async () => {
    await write('one')
    await write('two')
    await expect.poll(seen, { timeout: 10_000 }).toEqual(unread('PIN_REQUIRED', ['PIN_NOT_CONFIRMED', 2]))
  })

  it('is read as soon as the PIN is confirmed', async () => {
    expect(await confirm('4821')).toMatchObject({ outcome: 'CONFIRMED' })
    await events.find(({ type, account }) => type === 'XCHAT_CHANGED' && account.xchat?.status === 'CONFIRMED')
    await expect.poll(seen, { timeout: 10_000 }).toEqual(unread('CONFIRMED'))
    expect(await app.store.prisma.xChatMessage.count()).toBe(2)
  })

  it('is read after a restart without the PIN and without the realms', async () => {
    await events.close()
    await app.close()
    for (const realm of [0, 1, 2] as const) await x.simulator.setRealmFault({ realm, fault: 'down' })
    app = await start()
    await follow()
    await write('three')
    await expect.poll(() => app.store.prisma.xChatMessage.count(), { timeout: 15_000 }).toBe(3)
    expect(await seen()).toEqual(unread('CONFIRMED'))
    for (const realm of [0, 1, 2] as const) await x.simulator.setRealmFault({ realm, fault: null })
  })

  it('shows what nobody can read, and reads on', async () => {
    await write('forged', 'wrong-signature')
    await write('four')
    await expect.poll(seen, { timeout: 10_000 }).toEqual(unread('CONFIRMED', ['NOT_VERIFIED', 1]))
    await expect.poll(() => app.store.prisma.xChatMessage.count()).toBe(5)
  })

  it('says that its keys were replaced in X, and goes on once the new PIN is confirmed (F41)', async () => {
    await x.simulator.setUpXChat({ user: brand, pin: '7306' })
    await write('for the new keys')
    await events.find(({ account }) => account.xchat?.status === 'KEYS_REPLACED')
    await expect
      .poll(seen, { timeout: 10_000 })
      .toEqual(unread('KEYS_REPLACED', ['NOT_VERIFIED', 1], ['KEYS_REPLACED', 1]))
    expect(await confirm('4821')).toMatchObject({ outcome: 'WRONG_PIN' })
    expect(await confirm('7306')).toMatchObject({ outcome: 'CONFIRMED' })
    // What was forged stays what it is, whatever the new keys make of it.
    await expect.poll(seen, { timeout: 10_000 }).toMatchObject({ status: 'CONFIRMED', unread: { count: 1 } })
  })

  it('goes on when only the PIN was changed in X', async () => {
    await x.simulator.changeXChatPin({ user: brand, pin: '9142' })
    await write('five')
    await expect.poll(() => app.store.prisma.xChatMessage.count(), { timeout: 10_000 }).toBe(7)
    expect(await confirm('9142')).toMatchObject({ outcome: 'CONFIRMED' })
  })

  it('counts as traffic (F48)', async () => {
    await app.store.prisma.$executeRaw`UPDATE account SET last_traffic_at = now() - interval '12 days'`
    await write('six')
    const silence = async () => {
      const text = '{ accounts { inactivity { daysWithoutTraffic } } }'
      return query(app.url, await tokenFor(app, 'admin'), text)
    }
    await expect.poll(silence, { timeout: 10_000 }).toEqual({ accounts: [{ inactivity: { daysWithoutTraffic: 0 } }] })
  })

  it('is erased when it is disabled', async () => {
    await mutate(app, 'disableXChat', { accountId })
    await events.find(({ account }) => account.xchat?.status === 'DISABLED')
    expect(await app.store.prisma.accountXChat.findFirst()).toMatchObject({ secretKey: null })
    const before = await app.store.prisma.xChatMessage.count()
    await write('seven')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(await app.store.prisma.xChatMessage.count()).toBe(before)
  })

  it('says nothing to X that X’s document does not know', () => {
    x.assertNoViolations()
  })
})
