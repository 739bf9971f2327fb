import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { BRAND, createSimulator, type Simulator } from '../../simulator/index.ts'
import { XError } from '../../src/x/errors.ts'
import { type XChat, XChatError } from '../../src/x/xchat.ts'
import { createXChat } from '../../src/x/xchat/create-xchat.ts'
import { type Acme, acmeAt, confirmed, guess } from './xchat-world.ts'

const PIN = '2580'
const WRONG = '8352'

let simulator: Simulator
let acme: Acme
let xchat: XChat

beforeAll(async () => {
  simulator = await createSimulator({ pinHashingMode: 'FastInsecure' })
  acme = acmeAt(simulator)
  xchat = createXChat({ requestTimeoutMs: 1_000 })
})

afterAll(async () => {
  await xchat.close()
  acme.x.close()
  await simulator.close()
})

beforeEach(async () => {
  await simulator.setUpXChat({ user: 'acme', pin: PIN })
})

afterEach(async () => {
  for (const realm of [0, 1, 2] as const) await simulator.setRealmFault({ realm, fault: null })
})

interface Body {
  data: { public_key_version: string; juicebox_config: { key_store_token_map_json: string; token_map: unknown[] } }[]
}

/** X's answer, with its configuration of the realms changed. */
async function withRealms(change: (realms: { realms: { address: string }[]; recover_threshold: number }) => void) {
  const body = (await acme.publicKeys()) as Body
  for (const record of body.data) {
    const realms = JSON.parse(record.juicebox_config.key_store_token_map_json)
    change(realms)
    record.juicebox_config.key_store_token_map_json = JSON.stringify(realms)
  }
  return body
}

test('a wrong PIN says what is left, the right one recovers a key that opens without any network', async () => {
  expect(await guess(xchat, acme, WRONG)).toEqual({ outcome: 'WRONG_PIN', guessesLeft: 19 })
  expect(await guess(xchat, acme, '8353')).toEqual({ outcome: 'WRONG_PIN', guessesLeft: 18 })
  expect((await simulator.xchatGuesses({ user: 'acme' })).map(({ used }) => used)).toEqual([2, 2, 2])

  const keys = await confirmed(xchat, acme, PIN)
  expect(keys.keyVersion).toBe((await acme.publicKeys() as Body).data[0]?.public_key_version)
  expect(Buffer.from(keys.secretKey, 'base64url')).toHaveLength(64)

  const publicKeys = await acme.publicKeys()
  for (const realm of [0, 1, 2] as const) await simulator.setRealmFault({ realm, fault: 'down' })
  const vault = await xchat.open(keys, publicKeys)
  await vault.close()
  const other = { ...keys, secretKey: Buffer.alloc(64, 7).toString('base64url') }
  await expect(xchat.open(other, publicKeys)).rejects.toMatchObject({ name: 'XChatError', kind: 'KEYS_DO_NOT_FIT' })
  await expect(xchat.open({ ...keys, secretKey: 'c2hvcnQ' })).rejects.toMatchObject({ kind: 'KEYS_DO_NOT_FIT' })
})

test('after a changed PIN only the new one is right, and it opens the same keys', async () => {
  const before = await confirmed(xchat, acme, PIN)
  await simulator.changeXChatPin({ user: 'acme', pin: '1397' })
  expect(await guess(xchat, acme, PIN)).toEqual({ outcome: 'WRONG_PIN', guessesLeft: 19 })
  expect(await confirmed(xchat, acme, '1397')).toEqual(before)
})

test('keys that X does not have as its newest any more are replaced keys', async () => {
  const stale = await acme.publicKeys()
  await simulator.setUpXChat({ user: 'acme', pin: '1397' })
  const request = { xUserId: BRAND.id, pin: '1397', publicKeys: stale }
  expect(await xchat.recover(request)).toEqual({ outcome: 'KEYS_REPLACED' })
})

test('the newest version is the largest number, not the largest text', async () => {
  await simulator.setUpXChat({ user: 'acme', pin: PIN })
  const body = (await acme.publicKeys()) as Body
  expect(body.data.length).toBeGreaterThan(1)
  body.data.forEach((record, index) => {
    record.public_key_version = index === 0 ? '100' : String(99 - index)
  })
  expect(await xchat.recover({ xUserId: BRAND.id, pin: PIN, publicKeys: body })).toMatchObject({
    outcome: 'CONFIRMED',
    keyVersion: '100',
  })
  expect(xchat.keyVersions({ data: body.data.toReversed() })[0]).toBe('100')
})

test('without guesses left the right PIN fails too, until XChat is set up anew', async () => {
  await simulator.exhaustXChat({ user: 'acme' })
  expect(await guess(xchat, acme, PIN)).toEqual({ outcome: 'GUESSES_EXHAUSTED' })
  await simulator.setUpXChat({ user: 'acme', pin: PIN })
  expect(await guess(xchat, acme, PIN)).toMatchObject({ outcome: 'CONFIRMED' })
})

test('nobody is asked for an account that has not set XChat up', async () => {
  const request = { xUserId: BRAND.id, pin: PIN }
  expect(await xchat.recover({ ...request, publicKeys: {} })).toEqual({ outcome: 'NOT_REGISTERED' })
  expect(xchat.keyVersions({})).toEqual([])
  const { data } = (await acme.publicKeys()) as Body
  const bare = data.map(({ juicebox_config: _, ...record }) => record)
  expect(await xchat.recover({ ...request, publicKeys: { data: bare } })).toEqual({ outcome: 'NOT_REGISTERED' })
})

test.for<unknown>([
  undefined,
  '<html>',
  { data: {} },
  { data: [{ public_key_version: '-1' }] },
  { errors: [{ title: 'Forbidden' }] },
])('an answer that is not X\'s is refused: %j', async (publicKeys) => {
  const refused = xchat.recover({ xUserId: BRAND.id, pin: PIN, publicKeys })
  await expect(refused).rejects.toBeInstanceOf(XError)
  await expect(refused).rejects.toMatchObject({ kind: 'UNAVAILABLE' })
})

test('one realm less is no matter, two are too many', async () => {
  await simulator.setRealmFault({ realm: 1, fault: 'down' })
  expect(await guess(xchat, acme, PIN)).toMatchObject({ outcome: 'CONFIRMED' })
  await simulator.setRealmFault({ realm: 0, fault: 'down' })
  const down = await guess(xchat, acme, PIN)
  expect(down).toEqual({ outcome: 'REALMS_UNAVAILABLE', reason: 'too few realms answer (Transient)' })
})

test.for([
  ['upgrade-required', 'UpgradeRequired'],
  ['rate-limited', 'RateLimitExceeded'],
  ['unavailable', 'Transient'],
] as const)('realms that answer %s are unavailable: %s', async ([fault, said]) => {
  for (const realm of [0, 1, 2] as const) await simulator.setRealmFault({ realm, fault })
  const recovery = await guess(xchat, acme, PIN)
  expect(recovery).toMatchObject({ outcome: 'REALMS_UNAVAILABLE', reason: expect.stringContaining(said) })
})

test('tokens that the realms refuse are no wrong PIN', async () => {
  const { data } = (await acme.publicKeys()) as Body
  for (const { juicebox_config: config } of data) config.token_map = []
  const recovery = await xchat.recover({ xUserId: BRAND.id, pin: PIN, publicKeys: { data } })
  expect(recovery).toMatchObject({ outcome: 'REALMS_UNAVAILABLE', reason: expect.stringContaining('InvalidAuth') })
})

test('a realm that is silent costs one time-out, however often the SDK would ask it', async () => {
  await simulator.setRealmFault({ realm: 0, fault: 'hang' })
  const began = performance.now()
  expect(await guess(xchat, acme, PIN)).toMatchObject({ outcome: 'CONFIRMED' })
  expect(performance.now() - began).toBeLessThan(4_000)
})

test('silence of all realms ends with the deadline', async () => {
  for (const realm of [0, 1, 2] as const) await simulator.setRealmFault({ realm, fault: 'hang' })
  const patient = createXChat({ deadlineMs: 1_500, requestTimeoutMs: 60_000 })
  expect(await guess(patient, acme, PIN)).toEqual({ outcome: 'REALMS_UNAVAILABLE', reason: 'no answer within 1.5 s' })
  await patient.close()
})

test('a PIN goes to this machine or over TLS, and nowhere else', async () => {
  const publicKeys = await withRealms(({ realms }) => {
    for (const realm of realms) realm.address = 'http://realm.example/'
  })
  expect(await xchat.recover({ xUserId: BRAND.id, pin: PIN, publicKeys })).toEqual({
    outcome: 'REALMS_UNAVAILABLE',
    reason: 'http://realm.example is not spoken to over TLS',
  })
})

test('a configuration that the SDK does not take is an outcome, and holds no PIN', async () => {
  const publicKeys = await withRealms((configuration) => {
    configuration.recover_threshold = 9
  })
  const recovery = await xchat.recover({ xUserId: BRAND.id, pin: PIN, publicKeys })
  expect(recovery.outcome).toBe('REALMS_UNAVAILABLE')
  expect(JSON.stringify(recovery)).not.toContain(PIN)
})

test('accounts that confirm at once do not mix up their guesses', async () => {
  simulator.createUser({ username: 'globex' })
  await simulator.setUpXChat({ user: 'globex', pin: '1397' })
  const token = simulator.issueTokens({ userId: 'globex' }).access_token
  const globex = simulator.users().find(({ username }) => username === 'globex')?.id ?? ''
  const publicKeys = (await acme.x.chat.publicKeys(globex, token)).body
  const many = createXChat({ concurrency: 4 })
  const outcomes = await Promise.all([
    guess(many, acme, PIN),
    many.recover({ xUserId: globex, pin: '1397', publicKeys }),
    guess(many, acme, PIN),
    many.recover({ xUserId: globex, pin: PIN, publicKeys }),
  ])
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['CONFIRMED', 'CONFIRMED', 'CONFIRMED', 'WRONG_PIN'])
  await many.close()
})

test('what waits its turn can be taken back, and spends nothing', async () => {
  const one = createXChat({ concurrency: 1 })
  const publicKeys = await acme.publicKeys()
  const first = one.recover({ xUserId: BRAND.id, pin: WRONG, publicKeys })
  const abort = new AbortController()
  const second = one.recover({ xUserId: BRAND.id, pin: WRONG, publicKeys, signal: abort.signal })
  abort.abort(new Error('not any more'))
  await expect(second).rejects.toThrow('not any more')
  expect(await first).toEqual({ outcome: 'WRONG_PIN', guessesLeft: 19 })
  await one.close()
  await expect(one.recover({ xUserId: BRAND.id, pin: PIN, publicKeys })).rejects.toBeInstanceOf(XChatError)
})

test('closing ends a confirmation that runs', async () => {
  for (const realm of [0, 1, 2] as const) await simulator.setRealmFault({ realm, fault: 'hang' })
  const closing = createXChat()
  const running = guess(closing, acme, PIN)
  const refused = expect(running).rejects.toMatchObject({ name: 'XChatError', kind: 'CLOSED' })
  await acme.publicKeys()
  await closing.close()
  await refused
})
