import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { App } from '../../src/app.ts'
import { SIMULATED_BRAND } from '../../src/simulated-x.ts'
import { type TestDatabase, testDatabase } from '../helpers/database.ts'
import { connectBrand, query, startPerch, tokenFor } from '../helpers/perch.ts'
import { type ValidatedSimulator, validatedSimulator } from '../helpers/simulator.ts'

/* F39-F45 from end to end: a PIN through GraphQL, real chat-xdk and juicebox-sdk, real realms in processes of their own. */

const FIELDS = 'account { xchat { status confirmedAt guessesLeft attemptsLeft } } userErrors { code message } position'
const CONFIRM = `mutation ($input: ConfirmXChatPinInput!) { confirmXChatPin(input: $input) {
  outcome guessesLeft attemptsLeft retryAt ${FIELDS} } }`
const user = SIMULATED_BRAND.id

// Every confirmation starts a thread and hashes the PIN: seconds, where the cores are shared.
vi.setConfig({ testTimeout: 60_000 })

let database: TestDatabase
let x: ValidatedSimulator
let app: App
let id: string
beforeAll(async () => {
  database = await testDatabase()
  x = await validatedSimulator({ pinHashingMode: 'FastInsecure' })
  const accountId = await connectBrand(database.url, x.simulator)
  await start()
  await app.store.prisma.account.update({ where: { id: accountId }, data: { captureDirectMessages: true } })
  const { accounts } = await ask<{ accounts: { id: string }[] }>('{ accounts { id } }')
  id = accounts[0]?.id ?? ''
})
beforeEach(async () => {
  await app.store.prisma.xChatPinAttempt.deleteMany()
  await app.store.prisma.accountXChat.deleteMany()
})
afterAll(async () => {
  await app?.close()
  await x?.simulator.close()
  await database?.drop()
})

async function start(): Promise<void> {
  app = await startPerch({ databaseUrl: database.url, simulatorUrl: x.simulator.url })
}
const ask = async <Data>(text: string, variables: object = {}): Promise<Data> =>
  query<Data>(app.url, await tokenFor(app, 'admin'), text, variables)

const confirm = async (pin: string): Promise<object> =>
  (await ask<{ confirmXChatPin: object }>(CONFIRM, { input: { accountId: id, pin } })).confirmXChatPin
const kept = () => app.store.prisma.accountXChat.findFirst()
const faults = (...realms: (0 | 1 | 2)[]) =>
  Promise.all(
    ([0, 1, 2] as const).map((realm) =>
      x.simulator.setRealmFault({ realm, fault: realms.includes(realm) ? 'down' : null }),
    ),
  )

test('XChat that is not set up in X is NOT_REGISTERED', async () => {
  expect(await confirm('2580')).toMatchObject({
    outcome: 'NOT_REGISTERED',
    attemptsLeft: 5,
    account: { xchat: { status: 'NOT_REGISTERED' } },
    userErrors: [],
  })
})

describe('with XChat set up in X', () => {
  beforeEach(async () => {
    await faults()
    await x.simulator.setUpXChat({ user, pin: '2580' })
  })

  test('a wrong PIN spends one guess, what is no PIN none, and the right one confirms', async () => {
    expect(await confirm('258')).toMatchObject({ outcome: 'PIN_FORMAT', attemptsLeft: 5 })
    expect((await x.simulator.xchatGuesses({ user })).every(({ used }) => used === 0)).toBe(true)
    expect(await confirm('8352')).toMatchObject({ outcome: 'WRONG_PIN', guessesLeft: 19, attemptsLeft: 4 })
    expect((await x.simulator.xchatGuesses({ user })).map(({ used }) => used)).toContain(1)
    expect(await confirm('2580')).toMatchObject({
      outcome: 'CONFIRMED',
      guessesLeft: null,
      attemptsLeft: 4,
      userErrors: [],
      account: { xchat: { status: 'CONFIRMED' } },
    })
    expect(await kept()).toMatchObject({ status: 'CONFIRMED', secretKey: expect.stringMatching(/^v1\./) })
    x.assertNoViolations()
  })

  test('one realm of three may be down; with two, nothing is known', async () => {
    await faults(1)
    expect(await confirm('2580')).toMatchObject({ outcome: 'CONFIRMED' })
    await faults(0, 1)
    expect(await confirm('2580')).toMatchObject({
      outcome: 'REALMS_UNAVAILABLE',
      attemptsLeft: 5,
      account: { xchat: { status: 'CONFIRMED' } },
    })
  })

  test('a PIN that was changed in X is confirmed again', async () => {
    await confirm('2580')
    const before = await kept()
    await x.simulator.changeXChatPin({ user, pin: '1379' })
    expect(await confirm('2580')).toMatchObject({ outcome: 'WRONG_PIN', account: { xchat: { status: 'CONFIRMED' } } })
    expect(await confirm('1379')).toMatchObject({ outcome: 'CONFIRMED' })
    expect(await kept()).toMatchObject({ keyVersion: before?.keyVersion })
  })

  test('keys that were replaced in X are confirmed anew, by their own PIN', async () => {
    await confirm('2580')
    const before = await kept()
    await x.simulator.setUpXChat({ user, pin: '4242' })
    expect(await confirm('4242')).toMatchObject({ outcome: 'CONFIRMED' })
    expect(Number((await kept())?.keyVersion)).toBeGreaterThan(Number(before?.keyVersion))
  })

  test('exhausted guesses are told', async () => {
    await x.simulator.exhaustXChat({ user })
    expect(await confirm('2580')).toMatchObject({ outcome: 'GUESSES_EXHAUSTED', guessesLeft: 0 })
  })

  test('X that is down costs nothing', async () => {
    x.simulator.addFault({ match: { path: `/2/users/${user}/public_keys` }, kind: 'status', status: 503, times: 1 })
    expect(await confirm('2580')).toMatchObject({
      outcome: null,
      attemptsLeft: 5,
      userErrors: [{ code: 'X_UNAVAILABLE' }],
    })
    expect(await app.store.prisma.xChatPinAttempt.count()).toBe(0)
  })

  test('the caps outlive a restart of Perch', async () => {
    for (let n = 0; n < 2; n += 1) expect(await confirm('8352')).toMatchObject({ outcome: 'WRONG_PIN' })
    // Three more, as if they had been in other processes.
    const [wrong] = await app.store.prisma.xChatPinAttempt.findMany()
    if (!wrong) throw new Error('no try was written down')
    await app.store.prisma.xChatPinAttempt.createMany({ data: [1, 2, 3].map(() => ({ ...wrong, id: randomUUID() })) })
    await app.close()
    await start()
    expect(await confirm('2580')).toMatchObject({ outcome: 'TOO_MANY_ATTEMPTS', attemptsLeft: 0, guessesLeft: 18 })
    expect((await x.simulator.xchatGuesses({ user })).every(({ used }) => used <= 2)).toBe(true)
  })
})
