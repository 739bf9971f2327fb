import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BRAND, createSimulator, DEFAULT_APP, type Simulator } from '../../simulator/index.ts'
import type { XClient } from '../../src/x/client.ts'
import { createXClient } from '../../src/x/twitter-client.ts'
import { createXChat } from '../../src/x/xchat/create-xchat.ts'
import type { PinRecovery, XChat, XChatVault } from '../../src/x/xchat.ts'

/** F40-F45 below the services: the real chat-xdk and juicebox-sdk, in threads, against real realms in processes of their own. */

let simulator: Simulator
let x: XClient
let token: string
let xchat: XChat
beforeAll(async () => {
  simulator = await createSimulator({ pinHashingMode: 'FastInsecure' })
  x = createXClient({ ...DEFAULT_APP, apiUrl: new URL(simulator.url) })
  xchat = createXChat({ patienceMs: 8_000 })
  token = simulator.issueTokens({ userId: BRAND.id }).access_token
  simulator.createUser({ username: 'ada' })
})
afterAll(async () => {
  await xchat?.close()
  x?.close()
  await simulator?.close()
})

const keysOf = async (userId: string) => (await x.chat.publicKeys(userId, token)).body
const confirm = async (pin: string): Promise<PinRecovery> =>
  xchat.recover({ xUserId: BRAND.id, pin, publicKeys: await keysOf(BRAND.id) })
async function confirmed(pin: string) {
  const recovery = await confirm(pin)
  if (recovery.outcome !== 'CONFIRMED') throw new Error(recovery.outcome)
  return { xUserId: BRAND.id, secretKey: recovery.secretKey, keyVersion: recovery.keyVersion }
}
/** All that the brand reads now: texts, or the reasons why not. */
async function readAll(vault: XChatVault): Promise<string[]> {
  const found: string[] = []
  const { data = [] } = (await x.chat.conversations({ accessToken: token })).body as {
    data?: { id: string; participant_ids: string[] }[]
  }
  for (const { id, participant_ids } of data) {
    const { data: events = [], meta } = (await x.chat.events(id, { accessToken: token })).body as {
      data?: { id: string; encoded_event: string }[]
      meta: { conversation_key_events: string[] }
    }
    const publicKeys = new Map(
      await Promise.all(participant_ids.map(async (user) => [user, await keysOf(user)] as const)),
    )
    const read = await vault.read({
      keyEvents: meta.conversation_key_events,
      events: events.toReversed().map((event) => ({ id: event.id, encodedEvent: event.encoded_event })),
      publicKeys,
    })
    found.push(
      ...read.map((event) =>
        event.kind === 'TEXT' ? event.text : event.kind === 'UNREAD' ? event.reason : event.kind,
      ),
    )
  }
  return found
}

it('an account that has not set XChat up is not registered', async () => {
  expect(await confirm('4821')).toEqual({ outcome: 'NOT_REGISTERED' })
})

describe('a PIN', () => {
  beforeAll(() => simulator.setUpXChat({ user: BRAND.id, pin: '4821' }))
  afterEach(async () => {
    for (const realm of [0, 1, 2] as const) await simulator.setRealmFault({ realm, fault: null })
  })

  it('that is right recovers the keys, and one that is wrong says how many guesses are left', async () => {
    expect(await confirm('1111')).toEqual({ outcome: 'WRONG_PIN', guessesLeft: 19 })
    expect(await confirm('2222')).toEqual({ outcome: 'WRONG_PIN', guessesLeft: 18 })
    expect(await confirm('4821')).toMatchObject({
      outcome: 'CONFIRMED',
      secretKey: expect.stringMatching(/^[\w-]{86}$/),
    })
    expect(await confirm('1111')).toEqual({ outcome: 'WRONG_PIN', guessesLeft: 19 })
  })

  it('is checked by two realms of three', async () => {
    await simulator.setRealmFault({ realm: 1, fault: 'down' })
    expect(await confirm('4821')).toMatchObject({ outcome: 'CONFIRMED' })
    await simulator.setRealmFault({ realm: 0, fault: 'down' })
    expect(await confirm('4821')).toEqual({ outcome: 'REALMS_UNAVAILABLE', reason: 'Transient' })
  })

  it.each([
    ['upgrade-required', 'UpgradeRequired'],
    ['rate-limited', 'RateLimitExceeded'],
    ['unavailable', 'Transient'],
  ] as const)('is not checked by realms that are %s', async (fault, reason) => {
    for (const realm of [0, 1, 2] as const) await simulator.setRealmFault({ realm, fault })
    expect(await confirm('4821')).toEqual({ outcome: 'REALMS_UNAVAILABLE', reason })
  })

  it('does not wait for ever for a realm that hangs', async () => {
    for (const realm of [0, 1] as const) await simulator.setRealmFault({ realm, fault: 'hang' })
    const quick = createXChat({ patienceMs: 1_500 })
    const publicKeys = await keysOf(BRAND.id)
    expect(await quick.recover({ xUserId: BRAND.id, pin: '4821', publicKeys })).toMatchObject({
      outcome: 'REALMS_UNAVAILABLE',
      reason: expect.stringContaining('too long'),
    })
    await quick.close()
  })

  it('travels to no realm over an open network', async () => {
    const answer = JSON.stringify(await keysOf(BRAND.id)).replaceAll('http://127.0.0.1', 'http://realm.example')
    expect(await xchat.recover({ xUserId: BRAND.id, pin: '4821', publicKeys: JSON.parse(answer) })).toEqual({
      outcome: 'REALMS_UNAVAILABLE',
      reason: 'a realm is not reached over https',
    })
    await expect(
      xchat.recover({ xUserId: BRAND.id, pin: '4821', publicKeys: { data: 'nonsense' } }),
    ).rejects.toMatchObject({
      kind: 'UNAVAILABLE',
    })
  })

  it('of two accounts at once never crosses over', async () => {
    const { id } = simulator.createUser({ username: 'other_brand' })
    await simulator.setUpXChat({ user: id, pin: '7306' })
    const otherToken = simulator.issueTokens({ userId: id }).access_token
    const other = { xUserId: id, pin: '7306', publicKeys: (await x.chat.publicKeys(id, otherToken)).body }
    const own = { xUserId: BRAND.id, pin: '4821', publicKeys: await keysOf(BRAND.id) }
    const both = createXChat({ concurrency: 4 })
    const outcomes = await Promise.all([other, own, other, own].map((request) => both.recover(request)))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(Array(4).fill('CONFIRMED'))
    expect(new Set(outcomes.map((found) => JSON.stringify(found))).size).toBe(2)
    await both.close()
  })
})

describe('keys that were kept', () => {
  it('read what is written to the account, in order, without PIN and without realms', async () => {
    const identity = await confirmed('4821')
    for (const realm of [0, 1, 2] as const) await simulator.setRealmFault({ realm, fault: 'down' })
    for (const text of ['one', 'two 👋', 'three']) await simulator.sendChatMessage({ from: 'ada', to: BRAND.id, text })
    const vault = await xchat.open(identity)
    expect(await readAll(vault)).toEqual(['one', 'two 👋', 'three'])
    await vault.close()
    for (const realm of [0, 1, 2] as const) await simulator.setRealmFault({ realm, fault: null })
  })

  it('read neither what was damaged nor what somebody else signed', async () => {
    await simulator.sendChatMessage({ from: 'ada', to: BRAND.id, text: 'x', fault: 'damaged' })
    await simulator.sendChatMessage({ from: 'ada', to: BRAND.id, text: 'x', fault: 'wrong-signature' })
    await simulator.sendChatMessage({ from: 'ada', to: BRAND.id, text: 'four' })
    const vault = await xchat.open(await confirmed('4821'))
    expect((await readAll(vault)).slice(3)).toEqual(['NOT_VERIFIED', 'NOT_VERIFIED', 'four'])
    await vault.close()
  })

  it('outlive a change of the PIN, which is then another', async () => {
    const before = await confirmed('4821')
    await simulator.changeXChatPin({ user: BRAND.id, pin: '9035' })
    expect(await confirm('4821')).toMatchObject({ outcome: 'WRONG_PIN' })
    expect(await confirmed('9035')).toEqual(before)
  })

  it('that were replaced in X read the old messages, not the new ones', async () => {
    const old = await confirmed('9035')
    await simulator.setUpXChat({ user: BRAND.id, pin: '6142' })
    await simulator.sendChatMessage({ from: 'ada', to: BRAND.id, text: 'for the new keys' })
    const vault = await xchat.open(old)
    const texts = await readAll(vault)
    expect([texts.includes('one'), texts.includes('for the new keys'), texts.at(-1)]).toEqual([
      true,
      false,
      'NO_CONVERSATION_KEY',
    ])
    await vault.close()
    const fresh = await confirmed('6142')
    expect(fresh.keyVersion > old.keyVersion).toBe(true)
  })

  it('that are none do not open', async () => {
    await expect(xchat.open({ xUserId: BRAND.id, secretKey: 'bm9uc2Vuc2U', keyVersion: '1' })).rejects.toThrow()
  })
})

it('a PIN that was guessed too often is exhausted, also the right one', async () => {
  await simulator.exhaustXChat({ user: BRAND.id })
  expect(await confirm('6142')).toEqual({ outcome: 'GUESSES_EXHAUSTED' })
})
