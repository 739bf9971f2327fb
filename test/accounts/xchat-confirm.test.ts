import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { xchatKeyPlace } from '../../src/accounts/sealed-places.ts'
import { XError } from '../../src/x/errors.ts'
import { SECRET_KEY } from './xchat-realms.ts'
import { createXChatWorld, outcomes, PIN, vault, WRONG, type XChatWorld, xchatRow } from './xchat-world.ts'

const DAY = 86_400_000

let world: XChatWorld
let admin: string
beforeAll(async () => {
  world = await createXChatWorld()
})
beforeEach(async () => {
  await world.renew()
  admin = await world.addAdministrator()
})
afterAll(() => world?.close())

const confirm = (pin = PIN, accountId = world.accountId) => world.pins.confirm(admin, accountId, pin)
const update = (data: object) => world.store.prisma.account.update({ where: { id: world.accountId }, data })
const changed = (accountId = world.accountId) => ({
  type: 'account.updated',
  accountId,
  changed: ['xchat'],
  what: 'XCHAT',
})

describe('a right PIN', () => {
  test('seals the key, and says so once in the log', async () => {
    const result = await confirm()
    expect(result).toMatchObject({
      outcome: 'CONFIRMED',
      userErrors: [],
      guessesLeft: null,
      attemptsLeft: 5,
      retryAt: null,
    })
    const row = await xchatRow(world)
    expect(row).toMatchObject({ status: 'CONFIRMED', keyVersion: '7', guessesLeft: null })
    expect(vault.open(row?.secretKey ?? '', xchatKeyPlace(world.accountId))).toBe(SECRET_KEY)
    expect(Math.abs((row?.confirmedAt?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000)
    expect(await world.events()).toEqual([changed()])
    expect((await world.store.log.head()).head).toBe(result.position.offset)
    expect(await outcomes(world)).toEqual(['CONFIRMED'])
  })

  test('that was changed in X is confirmed again, and the old one is wrong from then on', async () => {
    await confirm()
    world.realms.pin = '1111'
    expect(await confirm()).toMatchObject({ outcome: 'WRONG_PIN', guessesLeft: 19 })
    expect(await xchatRow(world)).toMatchObject({ status: 'CONFIRMED', guessesLeft: 19 })
    expect(await confirm('1111')).toMatchObject({ outcome: 'CONFIRMED', guessesLeft: null })
    expect(await xchatRow(world)).toMatchObject({ status: 'CONFIRMED', guessesLeft: null })
  })

  test('is kept nowhere, nor is a wrong one, nor the key as it is', async () => {
    await confirm(WRONG)
    await confirm()
    const rows = await world.store.prisma.$queryRaw<{ text: string }[]>`
      SELECT to_jsonb(x)::text AS text FROM account_xchat x UNION ALL SELECT to_jsonb(a)::text FROM xchat_pin_attempt a
      UNION ALL SELECT to_jsonb(e)::text FROM event e`
    const kept = [...rows.map(({ text }) => text), ...world.log].join('\n')
    expect(rows.length).toBeGreaterThan(3)
    expect(world.log.length).toBeGreaterThan(0)
    expect(kept).not.toContain(SECRET_KEY)
    // Alone, not as a part of an id or a number.
    for (const pin of [PIN, WRONG]) expect(kept).not.toMatch(new RegExp(`(?<![\\w-])${pin}(?![\\w-])`))
  })
})

describe('a PIN that does not confirm', () => {
  test('says how many guesses X has left, and how many we take', async () => {
    expect(await confirm(WRONG)).toMatchObject({
      outcome: 'WRONG_PIN',
      guessesLeft: 19,
      attemptsLeft: 4,
      retryAt: null,
    })
    expect(await confirm(WRONG)).toMatchObject({ outcome: 'WRONG_PIN', guessesLeft: 18, attemptsLeft: 3 })
    expect(await xchatRow(world)).toMatchObject({ status: 'PIN_REQUIRED', guessesLeft: 18, secretKey: null })
    expect(await world.events()).toEqual([changed(), changed()])
  })

  test('never costs a key that works', async () => {
    await confirm()
    const before = await xchatRow(world)
    await confirm(WRONG)
    world.realms.answer = { outcome: 'NOT_REGISTERED' }
    expect(await confirm()).toMatchObject({ outcome: 'NOT_REGISTERED' })
    world.realms.answer = { outcome: 'REALMS_UNAVAILABLE', reason: 'realm 1 is down' }
    expect(await confirm()).toMatchObject({ outcome: 'REALMS_UNAVAILABLE' })
    expect(await xchatRow(world)).toMatchObject({ status: 'CONFIRMED', secretKey: before?.secretKey, guessesLeft: 19 })
  })

  test.each([
    ['NOT_REGISTERED', 'NOT_REGISTERED'],
    ['KEYS_REPLACED', 'KEYS_REPLACED'],
  ] as const)('because of %s leaves that as the status, and spends nothing of ours', async (outcome, status) => {
    world.realms.answer = { outcome }
    expect(await confirm()).toMatchObject({ outcome, userErrors: [], attemptsLeft: 5 })
    expect(await xchatRow(world)).toMatchObject({ status, secretKey: null })
    await world.events()
    await confirm()
    expect(await world.events()).toEqual([])
  })

  test('because the guesses are exhausted says that none are left', async () => {
    world.realms.left = 0
    expect(await confirm()).toMatchObject({ outcome: 'GUESSES_EXHAUSTED', guessesLeft: 0, attemptsLeft: 4 })
    expect(await xchatRow(world)).toMatchObject({ status: 'PIN_REQUIRED', guessesLeft: 0 })
  })

  test('because the realms are down changes nothing', async () => {
    world.realms.answer = { outcome: 'REALMS_UNAVAILABLE', reason: 'realm 1 is down' }
    expect(await confirm()).toMatchObject({ outcome: 'REALMS_UNAVAILABLE', attemptsLeft: 5 })
    expect(await xchatRow(world)).toBeNull()
    expect(await world.events()).toEqual([])
  })

  test.each(['258', '25800', '', '258O', '２５８０', ' 2580', '2580\n'])(
    'because it is %j, not four digits, spends nothing and asks nobody',
    async (pin) => {
      world.publicKeys = () => Promise.reject(new Error('X was not to be asked'))
      expect(await confirm(pin)).toMatchObject({ outcome: 'PIN_FORMAT', attemptsLeft: 5, userErrors: [] })
      expect(await outcomes(world)).toEqual([])
    },
  )
})

describe('an account that cannot have its PIN confirmed', () => {
  test.each([
    ['ACCOUNT_NOT_ACTIVE', { status: 'DEACTIVATED', deactivatedAt: new Date() }],
    ['ACCOUNT_DEAUTHORIZED', { status: 'DEAUTHORIZED', deauthorizedAt: new Date(), deauthorizationCause: 'REFUSED' }],
    ['NOT_FOUND', { status: 'UNLINKED', unlinkedAt: new Date() }],
    ['XCHAT_NEEDS_DIRECT_MESSAGES', { captureDirectMessages: false }],
  ])('is refused with %s, and nothing is spent', async (code, data) => {
    await update(data)
    const result = await confirm()
    expect(result.userErrors).toMatchObject([{ code, field: ['accountId'] }])
    expect(result.outcome).toBeNull()
    expect(world.realms.guesses).toBe(0)
    expect(await outcomes(world)).toEqual([])
  })

  test('is refused with NOT_IN_PLAN on the Support plan', async () => {
    await world.store.prisma.workspace.update({ where: { id: 1 }, data: { plan: 'SUPPORT' } })
    expect((await confirm()).userErrors).toMatchObject([{ code: 'NOT_IN_PLAN' }])
    expect(world.realms.guesses).toBe(0)
  })

  test('is none that is unknown', async () => {
    const result = await confirm(PIN, '00000000-0000-4000-8000-000000000000')
    expect(result).toMatchObject({
      accountId: null,
      outcome: null,
      attemptsLeft: null,
      userErrors: [{ code: 'NOT_FOUND' }],
    })
  })
})

describe('X, asked for the public keys,', () => {
  test.each([
    ['UNAVAILABLE', 'X_UNAVAILABLE'],
    ['RATE_LIMITED', 'X_UNAVAILABLE'],
    ['FORBIDDEN', 'X_UNAVAILABLE'],
    ['UNAUTHORIZED', 'ACCOUNT_DEAUTHORIZED'],
  ] as const)('answers %s: that is %s, and no guess was spent', async (kind, code) => {
    const retryAt = new Date(Date.now() + 60_000)
    world.publicKeys = () => Promise.reject(new XError(kind, 'no', { retryAt }))
    expect(await confirm()).toMatchObject({ outcome: null, userErrors: [{ code }], attemptsLeft: 5, retryAt })
    expect(world.realms.guesses).toBe(0)
    expect(await outcomes(world)).toEqual([])
    // Nor does it stand in the way of the next try.
    world.publicKeys = async () => ({ body: {} })
    expect(await confirm()).toMatchObject({ outcome: 'CONFIRMED' })
  })

  test('gives what cannot be read: no guess was spent', async () => {
    world.realms.answer = () => {
      throw new XError('UNAVAILABLE', 'these are no public keys')
    }
    expect(await confirm()).toMatchObject({ outcome: null, userErrors: [{ code: 'X_UNAVAILABLE' }], attemptsLeft: 5 })
    expect(await outcomes(world)).toEqual([])
  })
})

describe('while the realms are asked', () => {
  /** Begins a confirmation, does something, and gives what it came to. */
  async function meanwhile(deed: () => Promise<unknown>) {
    const { entered, release } = world.realms.hold()
    const confirming = confirm()
    await entered
    await deed()
    release()
    return confirming
  }

  test('another confirmation of the account is told to wait', async () => {
    const other = await world.addAdministrator()
    let second: unknown
    const first = await meanwhile(async () => {
      second = await world.pins.confirm(other, world.accountId, WRONG)
    })
    expect(second).toMatchObject({ outcome: 'IN_PROGRESS', userErrors: [] })
    expect(first).toMatchObject({ outcome: 'CONFIRMED' })
    expect(world.realms.guesses).toBe(1)
  })

  test('and direct messages are switched off, no key is kept', async () => {
    const result = await meanwhile(() => update({ captureDirectMessages: false }))
    expect(result).toMatchObject({ outcome: null, userErrors: [{ code: 'XCHAT_NEEDS_DIRECT_MESSAGES' }] })
    expect(await xchatRow(world)).toBeNull()
    expect(await outcomes(world)).toEqual(['CONFIRMED'])
  })

  test('and the account is switched off, no key is kept', async () => {
    const result = await meanwhile(() => update({ status: 'DEACTIVATED', deactivatedAt: new Date() }))
    expect(result).toMatchObject({ outcome: null, userErrors: [{ code: 'ACCOUNT_NOT_ACTIVE' }] })
    expect(await xchatRow(world)).toBeNull()
  })

  test('and the account is unlinked, no key is kept', async () => {
    const result = await meanwhile(() => update({ status: 'UNLINKED', unlinkedAt: new Date() }))
    expect(result).toMatchObject({ accountId: null, outcome: null, userErrors: [{ code: 'NOT_FOUND' }] })
    expect(await xchatRow(world)).toBeNull()
  })

  test('and XChat is disabled, no key is kept', async () => {
    const result = await meanwhile(() => world.pins.disable(admin, world.accountId))
    expect(result).toMatchObject({ outcome: null, userErrors: [{ code: 'CONFLICT' }] })
    expect(await xchatRow(world)).toMatchObject({ status: 'DISABLED', secretKey: null })
    // What the try came to is the truth all the same.
    expect(await outcomes(world)).toEqual(['CONFIRMED'])
  })

  test('and something breaks, the try counts as wrong, and no word of it is logged', async () => {
    world.realms.answer = () => {
      throw new Error(`worker died while trying ${PIN}`)
    }
    expect(await confirm()).toMatchObject({ outcome: null, userErrors: [{ code: 'X_UNAVAILABLE' }], attemptsLeft: 4 })
    expect(await outcomes(world)).toEqual(['UNKNOWN'])
    expect(world.log.join('')).toContain('nobody knows')
    expect(world.log.join('')).not.toContain(`trying ${PIN}`)
  })
})

describe('disableXChat', () => {
  const disable = () => world.pins.disable(admin, world.accountId)

  test('erases the key, says so once, and a right PIN switches it on again', async () => {
    await confirm()
    await world.events()
    expect(await disable()).toMatchObject({ accountId: world.accountId, userErrors: [] })
    expect(await xchatRow(world)).toMatchObject({ status: 'DISABLED', secretKey: null, keyVersion: null })
    expect(await world.events()).toEqual([changed()])
    await disable()
    expect(await world.events()).toEqual([])
    await confirm(WRONG)
    expect(await xchatRow(world)).toMatchObject({ status: 'DISABLED' })
    expect(await confirm()).toMatchObject({ outcome: 'CONFIRMED' })
    expect(await xchatRow(world)).toMatchObject({ status: 'CONFIRMED' })
  })

  test.each([
    { status: 'DEACTIVATED', deactivatedAt: new Date() },
    { status: 'DEAUTHORIZED', deauthorizedAt: new Date(), deauthorizationCause: 'INACTIVE' },
  ] as const)('erases the key of an account that is $status', async (data) => {
    await confirm()
    await update(data)
    expect(await disable()).toMatchObject({ userErrors: [] })
    expect(await xchatRow(world)).toMatchObject({ status: 'DISABLED', secretKey: null })
  })

  test('has nothing to do where direct messages are not captured', async () => {
    await update({ captureDirectMessages: false })
    expect(await disable()).toMatchObject({ accountId: world.accountId, userErrors: [] })
    expect(await xchatRow(world)).toBeNull()
  })

  test('knows no account that was unlinked', async () => {
    await update({ status: 'UNLINKED', unlinkedAt: new Date() })
    expect(await disable()).toMatchObject({ accountId: null, userErrors: [{ code: 'NOT_FOUND' }] })
  })

  test('does not give guesses back', async () => {
    for (let n = 0; n < 5; n += 1) await confirm(WRONG)
    await disable()
    const result = await confirm()
    expect(result).toMatchObject({ outcome: 'TOO_MANY_ATTEMPTS', attemptsLeft: 0, guessesLeft: 15 })
    expect(result.retryAt?.getTime()).toBeLessThanOrEqual(Date.now() + DAY)
  })
})
