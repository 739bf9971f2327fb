import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createSimulator, type Simulator } from '../../simulator/index.ts'
import type { XClient } from '../../src/x/client.ts'
import { XError } from '../../src/x/errors.ts'
import { createXChat } from '../../src/x/xchat/create-xchat.ts'
import { type XChat, XChatError } from '../../src/x/xchat.ts'
import { type Brand, brandOf, confirmed, guess, xClientOf } from '../x/xchat-world.ts'

const PIN = '2580'
const WRONG = '8352'
const REALMS = [0, 1, 2] as const

// Keys are worked with at a low priority: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 60_000 })

let simulator: Simulator
let x: XClient
let xchat: XChat
/** Has XChat with the PIN, and keeps it. Tests that change something have brands of their own. */
let acme: Brand

beforeAll(async () => {
  simulator = await createSimulator({ pinHashingMode: 'FastInsecure' })
  x = xClientOf(simulator)
  acme = await setUp('acme')
  xchat = createXChat({ concurrency: 2 })
})

afterAll(async () => {
  await xchat.close()
  x.close()
  await simulator.close()
})

afterEach(() => allRealms(null))

async function setUp(username: string, pin = PIN): Promise<Brand> {
  const brand = brandOf(simulator, x, username)
  await simulator.setUpXChat({ user: brand.xUserId, pin })
  return brand
}

async function allRealms(fault: Parameters<Simulator['setRealmFault']>[0]['fault']): Promise<void> {
  for (const realm of REALMS) await simulator.setRealmFault({ realm, fault })
}

/** X's answer, with its configuration of the realms changed. */
async function withRealms(change: (realms: { realms: { address: string }[]; recover_threshold: number }) => void) {
  const publicKeys = await acme.publicKeys()
  for (const { juicebox_config: config } of publicKeys.data) {
    const realms = JSON.parse(config.key_store_token_map_json)
    change(realms)
    config.key_store_token_map_json = JSON.stringify(realms)
  }
  return publicKeys
}

test('wrong, right, changed and replaced: the life of a PIN', async () => {
  const brand = await setUp('globex')
  expect(await guess(xchat, brand, WRONG)).toEqual({ outcome: 'WRONG_PIN', guessesLeft: 19 })
  const keys = await confirmed(xchat, brand, PIN)
  const publicKeys = await brand.publicKeys()
  expect(keys.keyVersion).toBe(publicKeys.data[0]?.public_key_version)

  await simulator.changeXChatPin({ user: 'globex', pin: '1397' })
  expect(await confirmed(xchat, brand, '1397')).toEqual(keys)

  await setUp('globex', '6017')
  const stale = { xUserId: brand.xUserId, pin: '6017', publicKeys }
  expect(await xchat.recover(stale)).toEqual({ outcome: 'KEYS_REPLACED' })
})

test('recovered keys open again without any network, and others do not', async () => {
  const keys = await confirmed(xchat, acme, PIN)
  const publicKeys = await acme.publicKeys()
  await allRealms('down')
  const vault = await xchat.open(keys, publicKeys)
  await vault.close()
  const other = { ...keys, secretKey: Buffer.alloc(64, 7).toString('base64url') }
  await expect(xchat.open(other, publicKeys)).rejects.toMatchObject({ name: 'XChatError', kind: 'KEYS_DO_NOT_FIT' })
})

test('the newest version is the largest number', async () => {
  const [record] = (await acme.publicKeys()).data
  const versions = ['99', '100', '9', '1795410874100']
  const publicKeys = { data: versions.map((version) => ({ ...record, public_key_version: version })) }
  expect(xchat.keyVersions(publicKeys)).toEqual(['1795410874100', '100', '99', '9'])
})

test('without guesses left the right PIN fails too', async () => {
  const brand = await setUp('umbrella')
  await simulator.exhaustXChat({ user: 'umbrella' })
  expect(await guess(xchat, brand, PIN)).toEqual({ outcome: 'GUESSES_EXHAUSTED' })
})

test('nobody is asked for an account that has not set XChat up', async () => {
  const request = { xUserId: acme.xUserId, pin: PIN }
  expect(await xchat.recover({ ...request, publicKeys: {} })).toEqual({ outcome: 'NOT_REGISTERED' })
  expect(xchat.keyVersions({})).toEqual([])
  const { data } = await acme.publicKeys()
  const bare = data.map(({ juicebox_config: _, ...record }) => record)
  expect(await xchat.recover({ ...request, publicKeys: { data: bare } })).toEqual({ outcome: 'NOT_REGISTERED' })
})

test('keys that were never put under a PIN are not registered', async () => {
  // The simulator gives whoever writes keys, but sets no PIN for them.
  const brand = brandOf(simulator, x, 'pinless')
  await simulator.sendChatMessage({ from: 'pinless', to: 'acme', text: 'hello' })
  expect((await brand.publicKeys()).data).toHaveLength(1)
  expect(await guess(xchat, brand, PIN)).toEqual({ outcome: 'NOT_REGISTERED' })
})

test.for<unknown>([
  undefined,
  '<html>',
  { data: {} },
  { data: [{ public_key_version: '-1' }] },
  { errors: [{ title: 'Forbidden' }] },
])("an answer that is not X's is refused: %j", async (publicKeys) => {
  const refused = xchat.recover({ xUserId: acme.xUserId, pin: PIN, publicKeys })
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

test('what realms answer reaches us under its name', async () => {
  await allRealms('upgrade-required')
  const recovery = await guess(xchat, acme, PIN)
  expect(recovery).toMatchObject({ outcome: 'REALMS_UNAVAILABLE', reason: expect.stringContaining('UpgradeRequired') })
})

test('tokens that the realms refuse are no wrong PIN', async () => {
  const { data } = await acme.publicKeys()
  for (const { juicebox_config: config } of data) config.token_map = []
  const recovery = await xchat.recover({ xUserId: acme.xUserId, pin: PIN, publicKeys: { data } })
  expect(recovery).toMatchObject({ outcome: 'REALMS_UNAVAILABLE', reason: expect.stringContaining('InvalidAuth') })
})

test('a realm that is silent is done without', async () => {
  await simulator.setRealmFault({ realm: 0, fault: 'hang' })
  // The SDK asks a hardware realm five times in vain: beyond the deadline, were it let.
  const impatient = createXChat({ requestTimeoutMs: 4_000 })
  expect(await guess(impatient, acme, PIN)).toMatchObject({ outcome: 'CONFIRMED' })
  await impatient.close()
})

test('silence of all realms ends with the deadline', async () => {
  await allRealms('hang')
  const patient = createXChat({ deadlineMs: 1_500, requestTimeoutMs: 60_000 })
  expect(await guess(patient, acme, PIN)).toEqual({ outcome: 'REALMS_UNAVAILABLE', reason: 'no answer within 1.5 s' })
  await patient.close()
})

test('a PIN goes to this machine or over TLS, and nowhere else', async () => {
  const publicKeys = await withRealms(({ realms }) => {
    for (const realm of realms) realm.address = 'http://realm.example/'
  })
  expect(await xchat.recover({ xUserId: acme.xUserId, pin: PIN, publicKeys })).toEqual({
    outcome: 'REALMS_UNAVAILABLE',
    reason: 'http://realm.example is not spoken to over TLS',
  })
})

test('a configuration that the SDK does not take is an outcome, and holds no PIN', async () => {
  const publicKeys = await withRealms((configuration) => {
    configuration.recover_threshold = 9
  })
  const recovery = await xchat.recover({ xUserId: acme.xUserId, pin: PIN, publicKeys })
  expect(recovery.outcome).toBe('REALMS_UNAVAILABLE')
  expect(JSON.stringify(recovery)).not.toContain(PIN)
})

test('accounts that confirm at once do not mix up their guesses', async () => {
  const soylent = await setUp('soylent', '1397')
  const many = createXChat({ concurrency: 4 })
  const outcomes = await Promise.all([guess(many, soylent, PIN), guess(many, acme, PIN), guess(many, soylent, '1397')])
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['WRONG_PIN', 'CONFIRMED', 'CONFIRMED'])
  await many.close()
})

test('what waits its turn can be taken back, and spends nothing', async () => {
  const brand = await setUp('tyrell')
  const one = createXChat({ concurrency: 1 })
  const request = { xUserId: brand.xUserId, pin: WRONG, publicKeys: await brand.publicKeys() }
  const first = one.recover(request)
  const abort = new AbortController()
  const second = one.recover({ ...request, signal: abort.signal })
  abort.abort(new Error('not any more'))
  await expect(second).rejects.toThrow('not any more')
  expect(await first).toEqual({ outcome: 'WRONG_PIN', guessesLeft: 19 })
  expect((await simulator.xchatGuesses({ user: 'tyrell' })).map(({ used }) => used)).toEqual([1, 1, 1])
  await one.close()
  await expect(one.recover(request)).rejects.toBeInstanceOf(XChatError)
})

test('closing ends a confirmation that runs', async () => {
  await allRealms('hang')
  const closing = createXChat()
  const running = guess(closing, acme, PIN)
  const refused = expect(running).rejects.toMatchObject({ name: 'XChatError', kind: 'CLOSED' })
  await acme.publicKeys()
  await closing.close()
  await refused
})
